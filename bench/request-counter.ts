/** bench/request-counter.ts: counts the requests in a stream of bytes that only well-behaved proxies write to. */

const HEAD_END = '\r\n\r\n';

/** Knows `Content-Length` bodies and `Connection: close`, and nothing else of HTTP. */
export class RequestCounter {
  /** A request asked for the connection to be closed behind its answer. */
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
    // Either case of the C, without a case-blind search over the whole head.
    if (head.includes('onnection: close')) this.closing = true;
    if (head.startsWith('GET ')) return 0;
    return Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
  }
}
