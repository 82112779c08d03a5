/**
 * test/support/message.ts: reads HTTP/1 messages off raw text, by other means than the product does, so that a test
 * does not believe the parser it is about.
 */

export interface Message {
  /** Every byte of it, as latin1. */
  readonly raw: string;
  /** The request line or status line. */
  readonly line: string;
  /** 0 for a request. */
  readonly status: number;
  /** Names as sent, in order. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** The payload, without chunk framing. */
  readonly body: string;
}

/** What the framing of a response depends on besides its head. */
export interface Circumstances {
  /** It answers HEAD. */
  readonly toHead?: boolean;
  /** The connection has ended, so a body without a length has too. */
  readonly ended?: boolean;
}

/** @returns the message at the start of `text`, or `undefined` while it is incomplete */
export function takeMessage(text: string, { toHead = false, ended = false }: Circumstances = {}): Message | undefined {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const [line = '', ...lines] = text.slice(0, headEnd).split('\r\n');
  const fields = lines.map((field) => fieldOf(field));
  const status = line.startsWith('HTTP/') ? Number(line.slice(9, 12)) : 0;
  const bodyAt = headEnd + 4;
  const whole = (end: number, body: string): Message => ({ raw: text.slice(0, end), line, status, fields, body });

  if (toHead || (status > 0 && status < 200) || status === 204 || status === 304) return whole(bodyAt, '');
  if (valueNamed(fields, 'transfer-encoding') !== undefined) {
    const chunks = dechunked(text, bodyAt);
    return chunks === undefined ? undefined : whole(chunks.end, chunks.body);
  }
  const length = valueNamed(fields, 'content-length');
  if (length === undefined && status > 0) return ended ? whole(text.length, text.slice(bodyAt)) : undefined;
  const end = bodyAt + Number(length ?? 0);
  return text.length < end ? undefined : whole(end, text.slice(bodyAt, end));
}

/** @returns the value of the only field of that name, any case; all of them joined when there are several */
export function field(message: Message, name: string): string | undefined {
  return valueNamed(message.fields, name.toLowerCase());
}

function valueNamed(fields: Message['fields'], name: string): string | undefined {
  const values = fields.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(' | ');
}

function fieldOf(line: string): readonly [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}

function dechunked(text: string, from: number): { readonly end: number; readonly body: string } | undefined {
  let body = '';
  for (let at = from; ; ) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    at = lineEnd + 2;
    if (size === 0) {
      const end = trailerEnd(text, at);
      return end === undefined ? undefined : { end, body };
    }
    if (text.length < at + size + 2) return undefined;
    body += text.slice(at, at + size);
    at += size + 2;
  }
}

function trailerEnd(text: string, from: number): number | undefined {
  if (text.startsWith('\r\n', from)) return from + 2;
  const empty = text.indexOf('\r\n\r\n', from);
  return empty < 0 ? undefined : empty + 4;
}
