/**
 * http1/field-kind.ts: numbers the field names that a proxy has to act on. No two of them share length and first
 * letter, so an ordinary field costs one table read and mostly no comparison.
 */
import { equalsIgnoringCase, isAlike, LOWER } from './characters.js';

/** An ordinary field, which is forwarded unchanged. */
export const OTHER = 0;
export const HOST = 1;
export const CONTENT_LENGTH = 2;
export const TRANSFER_ENCODING = 3;
export const CONNECTION = 4;
export const KEEP_ALIVE = 5;
export const PROXY_CONNECTION = 6;
export const UPGRADE = 7;
export const HTTP2_SETTINGS = 8;
export const TE = 9;
export const TRAILER = 10;
export const EXPECT = 11;
export const FORWARDED = 12;
export const X_FORWARDED_FOR = 13;
export const X_FORWARDED_PROTO = 14;
export const X_FORWARDED_HOST = 15;
export const X_REQUEST_ID = 16;
export const MAX_FORWARDS = 17;
/** The client's certificate (RFC 9440), which only the proxy that has verified it may tell of. */
export const CLIENT_CERT = 18;
export const CLIENT_CERT_CHAIN = 19;
/**
 * Any other `X-Forwarded-...` and `X-Real-IP`, and the like, and all of them spelt with underscores, which CGI and WSGI
 * read as hyphens.
 */
export const X_FORWARDED_OTHER = 20;
/** An ordinary field that is not forwarded because `Connection` (RFC 9110 section 7.6.1) or a route's rule names it. */
export const NOMINATED = 21;

/** Field names by their kind. */
const NAMES = [
  '',
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'proxy-connection',
  'upgrade',
  'http2-settings',
  'te',
  'trailer',
  'expect',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-request-id',
  'max-forwards',
  'client-cert',
  'client-cert-chain',
];
const FORWARDED_PREFIX = 'x-forwarded-';
/** What proxies write beside `X-Forwarded-...`, and servers believe: nginx, Apache and their successors. */
const CLIENT_NAMES = ['x-real-ip', 'x-real-port', 'x-client-ip', 'x-cluster-client-ip', 'x-scheme'];
const LONGEST = Math.max(...NAMES.map((name) => name.length));
const LETTER_X = 0x78;

const KIND_BY_SHAPE = new Uint8Array((LONGEST + 1) * 32);
for (let kind = HOST; kind < NAMES.length; kind++) {
  const name = NAMES[kind] ?? '';
  KIND_BY_SHAPE[shapeOf(name.length, name.charCodeAt(0))] = kind;
}

function shapeOf(length: number, first: number): number {
  return length * 32 + (first & 31);
}

/** @returns the kind of the field whose name is `text` in [from, to), in any case */
export function kindOf(text: string, from: number, to: number): number {
  const length = to - from;
  const first = text.charCodeAt(from);
  if (length <= LONGEST) {
    const kind = KIND_BY_SHAPE[shapeOf(length, first)] ?? OTHER;
    if (kind !== OTHER) {
      const name = NAMES[kind] ?? '';
      if (equalsIgnoringCase(text, from, to, name)) return kind;
      // Servers that read `_` as `-` would believe it.
      if (kind >= CLIENT_CERT && isAlike(text, from, name)) return kind;
    }
  }
  return LOWER[first] === LETTER_X && speaksForClient(text, from, to) ? X_FORWARDED_OTHER : OTHER;
}

/** Whether a name says who the client is or how it came; `_` equals `-`. */
function speaksForClient(text: string, from: number, to: number): boolean {
  const length = to - from;
  if (length >= FORWARDED_PREFIX.length && isAlike(text, from, FORWARDED_PREFIX)) return true;
  for (const name of CLIENT_NAMES) if (name.length === length && isAlike(text, from, name)) return true;
  return false;
}
