/**
 * bench/faults/response-reader.ts: finds where a response ends. It shares nothing with the parser of the proxy that is
 * tried, and knows no more of HTTP than the backends here and the error pages of proxies need: no chunks.
 */

const HEAD_END = '\r\n\r\n';
const MOST_HEAD_BYTES = 16_384;
const STATUS = /^HTTP\/1\.([01]) (\d{3})/;
const LENGTH = /\r\ncontent-length: *(\d+)\r/i;
const CODING = /\r\ntransfer-encoding:/i;
const BACKEND = /\r\nx-backend: *([^\r]*)/i;
const CLOSE = /\r\nconnection: *close\r/i;

export class ResponseReader {
  /** 0 until the head is complete. */
  status = 0;
  /** The value of `X-Backend`, empty without one. */
  backend = '';
  /** Nothing is missing; without `Content-Length` only {@link ended} makes it so. */
  complete = false;
  /** What came is no response, or goes on behind its end. */
  bad = false;
  /** The connection may carry another response. */
  keepAlive = false;
  #head = '';
  #missing = Number.POSITIVE_INFINITY;

  /** More of the response came. */
  take(bytes: Buffer): void {
    if (this.status === 0) this.#takeHead(bytes);
    else this.#takeBody(bytes.length);
  }

  /** The connection has ended in order, which is the end of a body without a length (RFC 9112 section 6.3). */
  ended(): void {
    if (this.status !== 0 && this.#missing === Number.POSITIVE_INFINITY) this.complete = true;
  }

  #takeHead(bytes: Buffer): void {
    this.#head += bytes.toString('latin1');
    const end = this.#head.indexOf(HEAD_END);
    if (end < 0) {
      this.bad = this.#head.length > MOST_HEAD_BYTES;
      return;
    }
    const head = this.#head.slice(0, end + 2);
    const [status, length] = [STATUS.exec(head), LENGTH.exec(head)];
    this.bad = status === null || CODING.test(head);
    this.status = Number(status?.[2]);
    this.backend = BACKEND.exec(head)?.[1] ?? '';
    this.keepAlive = length !== null && status?.[1] === '1' && !CLOSE.test(head);
    if (length !== null) this.#missing = Number(length[1]);
    this.#takeBody(this.#head.length - end - HEAD_END.length);
  }

  #takeBody(length: number): void {
    this.#missing -= length;
    this.complete = this.#missing === 0;
    if (this.#missing < 0) this.bad = true;
  }
}
