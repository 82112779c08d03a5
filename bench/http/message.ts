/**
 * bench/http/message.ts: the strict reader of HTTP/1 messages that the benches, the load generator and the tests share.
 * It has no line in common with the product's parser: patterns over whole heads instead of tables and offsets. It stands
 * for the pickiest peer there could be: what two parsers could read differently is `unreadable`, and a proxy that sends
 * such a message has failed.
 */

export interface Field {
  readonly name: string;
  /** Without the white space around it. */
  readonly value: string;
  /** As sent. */
  readonly line: string;
}

export type Framing = 'none' | 'length' | 'chunked' | 'close';

export interface ReadMessage {
  /** The request line or status line. */
  readonly line: string;
  /** The status code; 0 for a request. */
  readonly status: number;
  readonly fields: readonly Field[];
  readonly framing: Framing;
  /** The body as sent. */
  readonly bytes: string;
  /** The body without its chunk framing. */
  readonly body: string;
  readonly trailers: readonly Field[];
  /** The whole message as sent. */
  readonly raw: string;
}

export type Reading =
  | { readonly kind: 'message'; readonly message: ReadMessage; readonly rest: string }
  /** `head` is there once the head is complete; its `bytes` and `body` are the part of the body that has arrived. */
  | { readonly kind: 'incomplete'; readonly head?: ReadMessage }
  | { readonly kind: 'unreadable'; readonly why: string };

/** What decides where a response ends, besides its own bytes. */
export interface ResponseContext {
  /** The response answers a HEAD request, so it has no body. */
  readonly toHead: boolean;
  /** The connection came to an orderly end, which is the end of a body without a length (RFC 9112 section 6.3). */
  readonly ended: boolean;
}

const REQUEST_LINE = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+ [^\0-\x20\x7f]+ HTTP\/1\.[01]$/;
const STATUS_LINE = /^HTTP\/1\.[01] [1-5]\d\d(?: [^\0-\x08\x0a-\x1f\x7f]*)?$/;
const FIELD_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\0]*?)[ \t]*$/;
const CHUNK_LINE = /^([0-9a-fA-F]{1,15})(?:[ \t]*;[^\0-\x08\x0a-\x1f\x7f]*)?$/;
const BARE_LINE_END = /(?:^|[^\r])\n|\r(?=[^\n])/;

class Unreadable extends Error {}

export function readRequest(text: string): Reading {
  return reading(() => read(text, REQUEST_LINE, requestFraming));
}

export function readResponse(text: string, context: ResponseContext): Reading {
  return reading(() =>
    read(text, STATUS_LINE, (line, fields) => responseFraming(line, fields, context), context.ended),
  );
}

/** @returns the values of all fields called `name`, whatever the case of their names */
export function valuesOf(fields: readonly Field[], name: string): readonly string[] {
  return fields.filter((field) => field.name.toLowerCase() === name.toLowerCase()).map(({ value }) => value);
}

function reading(run: () => Reading): Reading {
  try {
    return run();
  } catch (error) {
    if (error instanceof Unreadable) return { kind: 'unreadable', why: error.message };
    throw error;
  }
}

function read(
  text: string,
  firstLine: RegExp,
  framingOf: (line: string, fields: readonly Field[]) => Framing,
  ended = false,
): Reading {
  const headEnd = text.indexOf('\r\n\r\n');
  const headText = headEnd < 0 ? text : text.slice(0, headEnd);
  if (BARE_LINE_END.test(headText)) throw new Unreadable('a bare CR or LF in the head');
  if (headEnd < 0) return { kind: 'incomplete' };
  const [line = '', ...lines] = headText.split('\r\n');
  if (!firstLine.test(line)) throw new Unreadable('a bad first line');
  const fields = lines.map(fieldOf);
  const framing = framingOf(line, fields);
  const bodyAt = headEnd + 4;
  const message = (end: number, body: string, trailers: readonly Field[] = []): ReadMessage => {
    const [bytes, raw] = [text.slice(bodyAt, end), text.slice(0, end)];
    return { line, status: statusOf(line), fields, framing, body, trailers, bytes, raw };
  };
  const whole = (end: number, body: string, trailers?: readonly Field[]): Reading => {
    return { kind: 'message', message: message(end, body, trailers), rest: text.slice(end) };
  };
  const partial: Reading = { kind: 'incomplete', head: message(text.length, text.slice(bodyAt)) };
  switch (framing) {
    case 'none':
      return whole(bodyAt, '');
    case 'close':
      return ended ? whole(text.length, text.slice(bodyAt)) : partial;
    case 'length': {
      const end = bodyAt + Number(valuesOf(fields, 'content-length')[0]);
      return text.length < end ? partial : whole(end, text.slice(bodyAt, end));
    }
    case 'chunked': {
      const chunks = readChunks(text, bodyAt);
      return chunks === undefined ? partial : whole(chunks.end, chunks.body, chunks.trailers);
    }
  }
}

function statusOf(firstLine: string): number {
  return firstLine.startsWith('HTTP/') ? Number(firstLine.slice(9, 12)) : 0;
}

function fieldOf(line: string): Field {
  const match = FIELD_LINE.exec(line);
  if (match === null) throw new Unreadable(`a bad field line ${JSON.stringify(line)}`);
  return { name: match[1] ?? '', value: match[2] ?? '', line };
}

function requestFraming(line: string, fields: readonly Field[]): Framing {
  const hosts = valuesOf(fields, 'host').length;
  if (hosts > 1 || (hosts === 0 && line.endsWith('1.1'))) throw new Unreadable(`${hosts} Host fields`);
  return framingOf(line, fields) ?? 'none';
}

function responseFraming(line: string, fields: readonly Field[], { toHead }: ResponseContext): Framing {
  const status = statusOf(line);
  if (status < 200 || status === 204) {
    if (valuesOf(fields, 'transfer-encoding').length > 0) throw new Unreadable(`a Transfer-Encoding in a ${status}`);
    return 'none';
  }
  const framing = framingOf(line.slice(0, 8), fields);
  return toHead || status === 304 ? 'none' : (framing ?? 'close');
}

/** @returns `undefined` when no field gives the body a length or an end */
function framingOf(version: string, fields: readonly Field[]): 'length' | 'chunked' | undefined {
  const lengths = valuesOf(fields, 'content-length');
  const codings = valuesOf(fields, 'transfer-encoding');
  if (lengths.length + codings.length > 1) throw new Unreadable('more than one framing field');
  if (lengths.some((length) => !/^\d{1,15}$/.test(length))) throw new Unreadable('a bad Content-Length');
  if (codings.some((coding) => coding.toLowerCase() !== 'chunked')) throw new Unreadable('a bad Transfer-Encoding');
  if (codings.length > 0 && version.endsWith('1.0')) throw new Unreadable('a Transfer-Encoding in HTTP/1.0');
  if (codings.length > 0) return 'chunked';
  return lengths.length > 0 ? 'length' : undefined;
}

interface Chunks {
  readonly end: number;
  readonly body: string;
  readonly trailers: readonly Field[];
}

function readChunks(text: string, from: number): Chunks | undefined {
  let body = '';
  for (let at = from; ; ) {
    const line = lineAt(text, at);
    if (line === undefined) return undefined;
    const size = CHUNK_LINE.exec(line)?.[1];
    if (size === undefined) throw new Unreadable(`a bad chunk size line ${JSON.stringify(line)}`);
    at += line.length + 2;
    const length = Number.parseInt(size, 16);
    if (length === 0) return readTrailers(text, at, body);
    const data = text.slice(at, at + length + 2);
    const behind = data.slice(length);
    if (!'\r\n'.startsWith(behind)) throw new Unreadable('a chunk that does not end in CR LF');
    if (data.length < length + 2) return undefined;
    body += data.slice(0, length);
    at += length + 2;
  }
}

function readTrailers(text: string, from: number, body: string): Chunks | undefined {
  const trailers: Field[] = [];
  for (let at = from; ; ) {
    const line = lineAt(text, at);
    if (line === undefined) return undefined;
    at += line.length + 2;
    if (line === '') return { end: at, body, trailers };
    trailers.push(fieldOf(line));
  }
}

/** @returns the line without its CR LF, or nothing while that is missing */
function lineAt(text: string, from: number): string | undefined {
  const end = text.indexOf('\r\n', from);
  const line = text.slice(from, end < 0 ? undefined : end);
  if (BARE_LINE_END.test(end < 0 ? line : `${line} `)) throw new Unreadable('a bare CR or LF in a chunked body');
  return end < 0 ? undefined : line;
}
