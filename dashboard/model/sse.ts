/**
 * dashboard/model/sse.ts: parses server-sent events (HTML standard, section 9.2.6). The browser's EventSource cannot
 * send a token, so the stream is fetched and parsed here.
 */

export interface ServerEvent {
  readonly event: string;
  readonly data: string;
}

/** Parses the text of a stream, split anywhere. */
export class EventReader {
  /** The last id received, from which a new stream continues. */
  lastId: string | undefined;
  /** Time to wait before connecting again, as the server sent it. */
  retryMs: number | undefined;
  #rest = '';
  #event = '';
  #data: string[] = [];

  /** @returns the events that `text` completes */
  read(text: string): readonly ServerEvent[] {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    return lines.flatMap((line) => this.#line(line.endsWith('\r') ? line.slice(0, -1) : line));
  }

  #line(line: string): readonly ServerEvent[] {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    // A line that begins with a colon is a comment.
    if (colon === 0) return [];
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.#event = value;
    else if (field === 'data') this.#data.push(value);
    else if (field === 'id') this.lastId = value;
    else if (field === 'retry' && /^\d+$/.test(value)) this.retryMs = Number(value);
    return [];
  }

  #dispatch(): readonly ServerEvent[] {
    const complete = this.#data.length === 0 ? [] : [{ event: this.#event || 'message', data: this.#data.join('\n') }];
    this.#event = '';
    this.#data = [];
    return complete;
  }
}
