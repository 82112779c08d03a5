/** test/conformance/bytes.ts: what the cases are written with: messages as bytes, and names for common outcomes. */
import type { AnswerWant, MessageWant, Outcome, Reply, RequestWant, Step } from './case.js';

/** Stands for what tells the bytes of one run from those of all others; every run's own tag is as long. */
export const TAG = 't-000000';
export const PATH = `/${TAG}`;
/** A request that must never be one of its own: whoever sees it at the backend has been fooled. */
export const SMUGGLED_PATH = `${PATH}/smuggled`;
export const SMUGGLED = `GET ${SMUGGLED_PATH} HTTP/1.1\r\nHost: site.test\r\n\r\n`;
export const HOST = 'Host: site.test';

/** Lines and the empty line behind them. */
export function head(...lines: readonly string[]): string {
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** A GET of `PATH` with these field lines behind its Host. */
export function get(...fields: readonly string[]): string {
  return head(`GET ${PATH} HTTP/1.1`, HOST, ...fields);
}

/** The head of a POST to `PATH` with these field lines behind its Host. */
export function post(...fields: readonly string[]): string {
  return head(`POST ${PATH} HTTP/1.1`, HOST, ...fields);
}

/** A POST whose Content-Length is right. */
export function postBody(body: string, ...fields: readonly string[]): string {
  return post(...fields, `Content-Length: ${body.length}`) + body;
}

/** A POST with a body in these very bytes, chunk sizes included. */
export function postChunked(body: string, ...fields: readonly string[]): string {
  return post(...fields, 'Transfer-Encoding: chunked') + body;
}

export function chunk(data: string, extension = ''): string {
  return `${data.length.toString(16)}${extension}\r\n${data}\r\n`;
}

export const LAST_CHUNK = '0\r\n\r\n';

/** A GET of another path, as the next request on a connection. */
export function getNext(path: string, ...fields: readonly string[]): string {
  return head(`GET ${PATH}/${path} HTTP/1.1`, HOST, ...fields);
}

/** The backend says this once the request is complete. */
export function reply(...say: readonly Step[]): readonly Reply[] {
  return [{ early: false, say }];
}

/** The backend says this as soon as the head is there. */
export function earlyReply(...say: readonly Step[]): readonly Reply[] {
  return [{ early: true, say }];
}

/** A response with a right Content-Length. */
export function ok(body: string, ...fields: readonly string[]): string {
  return head('HTTP/1.1 200 OK', ...fields, `Content-Length: ${body.length}`) + body;
}

/** Every status by which a proxy says that it will not forward a request. */
const REFUSALS = [400, 403, 404, 405, 408, 411, 413, 414, 417, 421, 422, 426, 431, 500, 501, 502, 503, 505];
/** Every status by which a proxy says that it got no good answer. */
const FAILURES = [500, 502, 503, 504];

/** Refused with one of `statuses`; `before` came first and was served. */
export function refused(status: number | readonly number[], before: readonly RequestWant[] = []): Outcome {
  const served = before.map((): AnswerWant => ({ status: 200 }));
  return { kind: 'refused', answers: [...served, { status }], end: 'closed', reaches: before };
}

/** The request must be refused: Roundhouse says `status`; other errors, silence and waiting for more are safe too. */
export function mustRefuse(status: number, before: readonly RequestWant[] = []): readonly [Outcome, ...Outcome[]] {
  return [refused(status, before), ...anyRefusal(before)];
}

/** Any way not to forward what follows `before`. */
export function anyRefusal(before: readonly RequestWant[] = []): readonly Outcome[] {
  const answers = before.map((): AnswerWant => ({ status: 200 }));
  return [
    refused(REFUSALS, before),
    { kind: 'dropped', answers, end: 'closed', reaches: before },
    { kind: 'waits', answers, end: 'stuck', reaches: before },
  ];
}

/** Closed without an answer, and no complete request went on. */
export const DROPPED: Outcome = { kind: 'dropped', answers: [], end: 'closed', reaches: [] };

/**
 * One request went on, rewritten or without what was wrong, so that nobody behind the proxy can misread it: what the
 * RFCs let a lenient recipient do where Roundhouse refuses.
 */
export function repaired(want: RequestWant = {}): readonly [Outcome, Outcome] {
  return [forwarded(want), forwardedOnce(want)];
}

/** An answer of the proxy's own after which the connection may stay, because where the request ends is not in doubt. */
export function answered(status: number | readonly number[]): Outcome {
  return { kind: 'refused', answers: [{ status }], end: 'any', reaches: [] };
}

/** May be refused although Roundhouse does not. */
export const ANY_ERROR: Outcome = answered(REFUSALS);

/** One request went on like this and its answer came back; the connection serves the next. */
export function forwarded(want: RequestWant, answer: AnswerWant = { status: 200 }): Outcome {
  return { kind: 'forwarded', answers: [answer], end: 'open', reaches: [want] };
}

/** The same, and the connection is closed behind it. */
export function forwardedOnce(want: RequestWant, answer: AnswerWant = { status: 200 }): Outcome {
  return { ...forwarded(want, answer), end: 'closed' };
}

/** These requests went on, each got a 200, and the connection serves the next. */
export function allForwarded(...wants: readonly RequestWant[]): Outcome {
  return { kind: 'forwarded', answers: wants.map(() => ({ status: 200 })), end: 'open', reaches: wants };
}

/** The backend's answer came back like this. */
export function delivered(answer: AnswerWant, end: Outcome['end'] = 'open'): Outcome {
  return { kind: 'forwarded', answers: [answer], end };
}

/** The proxy's own 502 instead of what the backend said; other server errors and silence are safe too. */
export function mustReplace(): readonly [Outcome, ...Outcome[]] {
  return [
    { kind: 'replaced', answers: [{ status: 502 }], end: 'any' },
    { kind: 'replaced', answers: [{ status: FAILURES }], end: 'any' },
    NO_ANSWER,
  ];
}

/** The connection is closed without an answer. */
export const NO_ANSWER: Outcome = { kind: 'dropped', answers: [], end: 'closed' };

/** The answer began and visibly did not end. */
export function broken(cut: AnswerWant): Outcome {
  return { kind: 'broken', answers: [], cut, end: 'closed' };
}

/** An answer that cannot be completed: broken if it has begun, an error if it has not. */
export function mustBreak(status = 200): readonly [Outcome, ...Outcome[]] {
  return [broken({ status }), ...mustReplace()];
}

/** A want that ignores how the message is spelt: the same payload in whatever framing. */
export function payload(body: string, want: MessageWant = {}): RequestWant {
  return { ...want, body };
}
