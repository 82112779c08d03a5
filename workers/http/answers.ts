/** workers/http/answers.ts: the responses Roundhouse gives in its own name (RFC 9110 section 15). */
import { STATUS_CODES } from 'node:http';
import type { Reason } from '../../src/core/reason.js';

export interface Answer {
  readonly status: number;
  /** For the access log; the client is told no more than `detail` says. */
  readonly reason: Reason;
  /** Which rule a refused request breaks, for the same. */
  readonly fault?: string;
  /** One plain sentence for the person who reads the body; never names a backend. */
  readonly detail: string;
  /** Seconds after which it is worth another try; a guess unless given. */
  readonly retryAfterS?: number;
  /** Where the client is sent; visible ASCII. */
  readonly location?: string;
  readonly keepAlive: boolean;
  /** A HEAD request gets the same head and no body (RFC 9110 section 9.3.2). */
  readonly isHead: boolean;
}

/** What a client is answered whose request goes no further. */
export type Refusal = Omit<Answer, 'keepAlive' | 'isHead'>;

/** Seconds after which a 429 or 503 is worth another try: about as long as a health check needs to notice a change. */
const RETRY_AFTER_S = 1;

/** RFC 9110 section 15.5.6 wants the methods named; what a backend allows is the backend's to say. */
const ALLOW = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';

/** @returns the whole response, one byte a character */
export function answerText({
  status,
  detail,
  location,
  retryAfterS = RETRY_AFTER_S,
  keepAlive,
  isHead,
}: Answer): string {
  const title = `${status} ${STATUS_CODES[status] ?? 'Error'}`;
  const body = `${title}: ${detail}\n`;
  const retry = status === 503 || status === 429 ? `Retry-After: ${retryAfterS}\r\n` : '';
  const allow = status === 405 ? `Allow: ${ALLOW}\r\n` : '';
  // Whether a redirect may be kept is said by its status (RFC 9110 section 15.4).
  const cache = location === undefined ? 'Cache-Control: no-store' : `Location: ${location}`;
  const connection = keepAlive ? '' : 'Connection: close\r\n';
  return (
    `HTTP/1.1 ${title}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${body.length}\r\n` +
    `${cache}\r\n${retry}${allow}${connection}\r\n${isHead ? '' : body}`
  );
}
