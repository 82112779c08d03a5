/** bench/request-counter.ts: counts the requests on a connection from a well-behaved proxy. */

const HEAD_END = '\r\n\r\n';

/** Knows `Content-Length` bodies and `Connection: close`, and nothing else of HTTP. */
export class RequestCounter {
  /** Whether a request asked for the connection to be closed after its response. */
  closing = false;
  #text = '';
  #bodyLeft = 0;

  /** @returns how many requests became complete with `chunk` */
  take(chunk: Buffer): number {
    const skipped = Math.min(this.#bodyLeft, chunk.length);
    let complete = skipped > 0 && skipped === this.#bodyLeft ? 1 : 0;
    this.#bodyLeft -= skipped;
    if (skipped === chunk.length) return complete;
    const text = this.#text + chunk.toString('latin1', skipped);
    let position = 0;
    for (let end = text.indexOf(HEAD_END); end >= 0; end = text.indexOf(HEAD_END, position)) {
      const headStart = position;
      const length = this.#bodyLength(text.slice(headStart, end));
      position = Math.min(end + HEAD_END.length + length, text.length);
      this.#bodyLeft = end + HEAD_END.length + length - position;
      if (this.#bodyLeft === 0) complete++;
    }
    this.#text = text.slice(position);
    return complete;
  }

  #bodyLength(head: string): number {
    // Matches "Connection" and "connection" without a slower case-insensitive search.
    if (head.includes('onnection: close')) this.closing = true;
    if (head.startsWith('GET ')) return 0;
    return Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
  }
}
