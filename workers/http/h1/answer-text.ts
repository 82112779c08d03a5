/** workers/http/h1/answer-text.ts: a {@link LocalAnswer} as an HTTP/1.1 response (RFC 9110 section 15). */
import { STATUS_CODES } from 'node:http';
import type { AnswerContent, LocalAnswer } from '../local-answer.js';

/** What the connection and the request decide about the form of an answer. */
export interface AnswerForm {
  /** The connection stays open after the answer. */
  readonly keepAlive: boolean;
  /** The request is a HEAD, which gets the same head and no body (RFC 9110 section 9.3.2). */
  readonly isHead: boolean;
}

const PLAIN = 'Content-Type: text/plain; charset=utf-8\r\n';
const NOT_KEPT = 'Cache-Control: no-store\r\n';

/** Seconds after which another try is worth while: about as long as a health check needs to notice a change. */
const RETRY_AFTER_S = 1;

/** The methods of an Allow field, which a 405 must have (RFC 9110 section 15.5.6); a backend may allow fewer. */
const ALLOW = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';

/** @returns the whole response, one byte a character */
export function answerText(answer: LocalAnswer, { keepAlive, isHead }: AnswerForm): string {
  const { status, detail, content } = answer;
  const title = `${status} ${STATUS_CODES[status] ?? 'Error'}`;
  const body = content === undefined ? `${title}: ${detail}\n` : content.body;
  const connection = keepAlive ? '' : 'Connection: close\r\n';
  const fields = content === undefined ? `${PLAIN}${lengthLine(body)}` : contentLines(status, content);
  return `HTTP/1.1 ${title}\r\n${fields}${statusLines(answer)}${connection}\r\n${isHead ? '' : body}`;
}

function contentLines(status: number, { type, body, fields }: AnswerContent): string {
  // A Content-Length is not allowed in a 204, and would be that of a 200 in a 304 (RFC 9110 section 8.6).
  let out =
    status === 204 || status === 304 ? '' : `${type === '' ? '' : `Content-Type: ${type}\r\n`}${lengthLine(body)}`;
  for (const [name, value] of fields) out += `${name}: ${value}\r\n`;
  return out;
}

function lengthLine(body: string): string {
  return `Content-Length: ${body.length}\r\n`;
}

/** The fields that an answer of its status has, except for those that its content has. */
function statusLines({ status, location, retryAfterS, content }: LocalAnswer): string {
  const retry = status === 503 || status === 429 ? `Retry-After: ${retryAfterS ?? RETRY_AFTER_S}\r\n` : '';
  const allow = status === 405 ? `Allow: ${ALLOW}\r\n` : '';
  if (content !== undefined) {
    return (has(content, 'retry-after') ? '' : retry) + (has(content, 'allow') ? '' : allow);
  }
  // Whether a redirect may be kept is said by its status (RFC 9110 section 15.4).
  return `${location === undefined ? NOT_KEPT : `Location: ${location}\r\n`}${retry}${allow}`;
}

function has({ fields }: AnswerContent, lower: string): boolean {
  return fields.some(([name]) => name.toLowerCase() === lower);
}
