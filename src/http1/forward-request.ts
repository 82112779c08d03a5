/**
 * http1/forward-request.ts: builds the head that is sent to a backend. Fields that are forwarded are copied as ranges
 * of the client's text, so they keep their order, case and bytes; added fields come last.
 */

import { SOCKET_FILE_CLIENT } from '../core/address.js';
import type { ClientCertificate } from '../tls/client-certificate.js';
import {
  CONTENT_LENGTH,
  EXPECT,
  FORWARDED,
  HOST,
  MAX_FORWARDS,
  OTHER,
  TRAILER,
  TRANSFER_ENCODING,
  UPGRADE,
  X_FORWARDED_FOR,
  X_FORWARDED_HOST,
  X_FORWARDED_OTHER,
  X_FORWARDED_PROTO,
  X_REQUEST_ID,
} from './field-kind.js';
import type { RequestHead } from './request-head.js';

/** The client that a request came from, as its forwarding fields describe it. */
export interface ClientSide {
  /** IP address, or `unix:` where it came over a socket file; written to X-Forwarded-For. */
  readonly address: string;
  readonly proto: 'http' | 'https';
  /** The client is one of `forwarding.trustedProxies`, so the forwarding fields that it sent are kept. */
  readonly trusted: boolean;
  /** The certificate that the client has shown; `undefined` for none. */
  readonly certificate?: ClientCertificate | undefined;
}

/** Fields that this proxy adds beside X-Forwarded-*; `forwarding` of the configuration. */
export interface Additions {
  /** Also send `Forwarded` (RFC 7239). */
  readonly forwarded: boolean;
  /** Name of this proxy in `Via` (RFC 9110 section 7.6.3); '': `Via` is not sent. */
  readonly via: string;
}

/**
 * Stands for the backend's own Host, which is put in its place when the backend is known. No head and no header rule has
 * this byte, so it marks one place only.
 */
export const HOST_OF_BACKEND = '\0';

/** Changes that a route or a pool makes to a request's head. */
export interface Edits {
  /** The target to send, in origin-form; '': the client's. */
  readonly target: string;
  /** The Host to send, or {@link HOST_OF_BACKEND}; '': the client's. */
  readonly host: string;
  /** Field lines to add, each with its CRLF. */
  readonly added: string;
}

const NOTHING: Additions = { forwarded: false, via: '' };

/**
 * Builds the head to send to a backend, always HTTP/1.1. Hop-by-hop fields and those that Connection names are left out
 * (RFC 9110 section 7.6.1). X-Forwarded-For, -Proto and -Host are set here: a trusted client's X-Forwarded-For is
 * appended to and its other forwarding fields (X-Real-IP, X-Forwarded-Port, ...) are kept; those of any other client are
 * dropped.
 * @param fallbackHost the Host of an HTTP/1.0 request that has none
 * @param edits changes that the route makes; fields that the route removes are marked before, by
 * {@link HeadFields.nominate}
 */
export function forwardRequestHead(
  head: RequestHead,
  client: ClientSide,
  fallbackHost: string,
  additions: Additions = NOTHING,
  edits?: Edits,
): string {
  const { fields } = head;
  const { text } = fields;
  const host = edits === undefined || edits.host === '' ? head.host : edits.host;
  let out = '';
  let keptFrom = head.start;
  if (!head.isExactVersion || !head.hasHost || edits !== undefined) {
    out = firstLine(head, edits);
    keptFrom = fields.start;
    if (!head.hasHost) out += `Host: ${host === '' ? fallbackHost : host}\r\n`;
  }
  for (let index = 0; index < fields.count; index++) {
    const kind = fields.kind(index);
    if (kind === OTHER) continue;
    if (kind === HOST && (head.authorityEnd !== 0 || edits !== undefined)) {
      out += text.slice(keptFrom, fields.valueAt(index)) + host;
      keptFrom = fields.valueEnd(index);
    } else if (kind === TRANSFER_ENCODING || kind === CONTENT_LENGTH) {
      out += text.slice(keptFrom, fields.nameAt(index)) + framingLine(head);
      keptFrom = fields.lineEnd(index);
    } else if (kind === MAX_FORWARDS && head.maxForwards > 0) {
      out += `${text.slice(keptFrom, fields.valueAt(index))}${head.maxForwards - 1}`;
      keptFrom = fields.valueEnd(index);
    } else if (isDropped(kind, head, client.trusted)) {
      out += text.slice(keptFrom, fields.nameAt(index));
      keptFrom = fields.lineEnd(index);
    }
  }
  out += text.slice(keptFrom, fields.end) + forwardedFields(head, client);
  out += connectionFields(head) + optionalFields(head, client, additions);
  return edits === undefined ? `${out}\r\n` : `${out}${edits.added}\r\n`;
}

function firstLine(head: RequestHead, edits: Edits | undefined): string {
  if (edits === undefined || edits.target === '') return `${head.text.slice(head.start, head.versionAt)}HTTP/1.1\r\n`;
  return `${head.method} ${edits.target} HTTP/1.1\r\n`;
}

/**
 * The framing field, written anew in the one spelling that no backend misreads: some take a tab in front of `chunked`
 * for part of the value, or a length that begins with 0 for octal, and would find another end of the body (RFC 9112
 * section 11.2).
 */
function framingLine({ framing, contentLength }: RequestHead): string {
  return framing === 'chunked' ? 'Transfer-Encoding: chunked\r\n' : `Content-Length: ${contentLength}\r\n`;
}

function isDropped(kind: number, head: RequestHead, trusted: boolean): boolean {
  switch (kind) {
    case HOST:
    case TRAILER:
    case MAX_FORWARDS:
      return false;
    case X_REQUEST_ID:
      // The client's id was too long to keep, or one made here is added at the end.
      return head.requestId === '' || head.isRequestIdOurs;
    case UPGRADE:
      return !head.upgrade;
    case EXPECT:
      // An expectation of an HTTP/1.0 client is ignored (RFC 9110 section 10.1.1); the backend, on HTTP/1.1, would act
      // on it.
      return head.minorVersion === 0;
    case X_FORWARDED_PROTO:
    case X_FORWARDED_HOST:
    case X_FORWARDED_OTHER:
    case FORWARDED:
      return !trusted;
    default:
      return true;
  }
}

function forwardedFields(head: RequestHead, client: ClientSide): string {
  if (client.trusted) return trustedFields(head, client);
  const start = `X-Forwarded-For: ${client.address}\r\nX-Forwarded-Proto: ${client.proto}\r\n`;
  return head.host === '' ? start : `${start}X-Forwarded-Host: ${head.host}\r\n`;
}

function trustedFields({ fields, host }: RequestHead, client: ClientSide): string {
  let chain = '';
  let hasProto = false;
  let hasHost = host === '';
  for (let index = 0; index < fields.count; index++) {
    const kind = fields.kind(index);
    if (kind === X_FORWARDED_PROTO) hasProto = true;
    else if (kind === X_FORWARDED_HOST) hasHost = true;
    else if (kind === X_FORWARDED_FOR && fields.valueAt(index) < fields.valueEnd(index)) {
      chain += `${fields.text.slice(fields.valueAt(index), fields.valueEnd(index))}, `;
    }
  }
  const proto = hasProto ? '' : `X-Forwarded-Proto: ${client.proto}\r\n`;
  const forwardedHost = hasHost ? '' : `X-Forwarded-Host: ${host}\r\n`;
  return `X-Forwarded-For: ${chain}${client.address}\r\n${proto}${forwardedHost}`;
}

/**
 * The Connection field of this hop, with TE: a backend sends trailers or upgrades only if Connection names the field,
 * too.
 */
function connectionFields(head: RequestHead): string {
  const trailers = head.takesTrailers && head.minorVersion === 1;
  if (!trailers && !head.upgrade) return '';
  if (!trailers) return 'Connection: Upgrade\r\n';
  return head.upgrade ? 'Connection: Upgrade, TE\r\nTE: trailers\r\n' : 'Connection: TE\r\nTE: trailers\r\n';
}

function optionalFields(head: RequestHead, client: ClientSide, { forwarded, via }: Additions): string {
  let out = '';
  if (forwarded) out = `Forwarded: ${forwardedElement(head, client)}\r\n`;
  if (via !== '') out += `Via: 1.${head.minorVersion} ${via}\r\n`;
  if (client.certificate !== undefined) out += client.certificate.lines;
  if (head.isRequestIdOurs) out += `X-Request-Id: ${head.requestId}\r\n`;
  return out;
}

/** The element of this hop in `Forwarded`. An IPv6 address and a host with a port are quoted (RFC 7239 section 4). */
function forwardedElement(head: RequestHead, { address, proto }: ClientSide): string {
  const node = address === SOCKET_FILE_CLIENT ? 'unknown' : bracketed(address);
  const host = head.host === '' ? '' : `;host="${head.host}"`;
  return `for=${node};proto=${proto}${host}`;
}

function bracketed(address: string): string {
  return address.includes(':') ? `"[${address}]"` : address;
}
