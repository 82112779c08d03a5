/** bench/fixed-rate/answer-reader.ts: finds the end of answers that have a `Content-Length`, one at a time. */

const HEAD_END = '\r\n\r\n';
const STATUS_AT = 'HTTP/1.1 '.length;
const OK = '2'.charCodeAt(0);

export type Answer = 'incomplete' | 'ok' | 'failed';

export class AnswerReader {
  #head = '';
  #bodyLeft = 0;
  #ok = false;
  /** Bytes of the last answer that came in one read: the next one most likely is just like it. */
  #usual = 0;

  /** @returns whether the answer is complete with these bytes, and whether its status is 2xx */
  take(buffer: Buffer, length: number): Answer {
    if (this.#bodyLeft > 0) return this.#takeBody(length);
    if (length === this.#usual && this.#head === '' && buffer[STATUS_AT] === OK) return 'ok';
    const first = this.#head === '';
    this.#head += buffer.toString('latin1', 0, length);
    const end = this.#head.indexOf(HEAD_END);
    if (end < 0) return 'incomplete';
    const body = this.#head.length - end - HEAD_END.length;
    this.#ok = this.#head.charCodeAt(STATUS_AT) === OK;
    this.#bodyLeft = Number(/\r\ncontent-length: *(\d+)/i.exec(this.#head.slice(0, end))?.[1] ?? 0);
    this.#head = '';
    const answer = body === 0 && this.#bodyLeft === 0 ? this.#verdict() : this.#takeBody(body);
    if (answer === 'ok' && first) this.#usual = length;
    return answer;
  }

  #takeBody(length: number): Answer {
    this.#bodyLeft -= length;
    return this.#bodyLeft > 0 ? 'incomplete' : this.#verdict();
  }

  #verdict(): Answer {
    // More than was asked for is no answer to count on.
    const answer = this.#ok && this.#bodyLeft === 0 ? 'ok' : 'failed';
    this.#bodyLeft = 0;
    return answer;
  }
}
