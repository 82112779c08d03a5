/** workers/http/h1/answer-text.ts: a {@link LocalAnswer} as an HTTP/1.1 response (RFC 9110 section 15). */
import { STATUS_CODES } from 'node:http';
import type { LocalAnswer } from '../local-answer.js';

/** What the connection and the request decide about the form of an answer. */
export interface AnswerForm {
  /** The connection stays open after the answer. */
  readonly keepAlive: boolean;
  /** The request is a HEAD, which gets the same head and no body (RFC 9110 section 9.3.2). */
  readonly isHead: boolean;
}

/** Seconds after which another try is worth while: about as long as a health check needs to notice a change. */
const RETRY_AFTER_S = 1;

/** The methods of an Allow field, which a 405 must have (RFC 9110 section 15.5.6); a backend may allow fewer. */
const ALLOW = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';

/** @returns the whole response, one byte a character */
export function answerText(
  { status, detail, location, retryAfterS = RETRY_AFTER_S }: LocalAnswer,
  { keepAlive, isHead }: AnswerForm,
): string {
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
