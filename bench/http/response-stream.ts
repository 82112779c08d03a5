/**
 * bench/http/response-stream.ts: follows the responses of one connection from read to read. It adds to the strict
 * reader only what makes it cheap: a body is not looked at again before it can be complete, and a response equal to the
 * one before, byte for byte, is not parsed again.
 */
import { type ReadMessage, readResponse, valuesOf } from './message.js';

/** `bad`: what came is not one valid response, or more bytes follow it; nothing after that can be trusted. */
export type StreamState = 'incomplete' | 'complete' | 'bad';

const MOST_HEAD_CHARACTERS = 16_384;

export class ResponseStream {
  /** The final response: its head as soon as that is complete, and its body when the state is `complete`. */
  message: ReadMessage | undefined;
  /** Whether the connection may carry another request after the response that is complete. */
  keepsAlive = false;
  #text = '';
  /** Length of `#text` from which reading it again can find something new. */
  #worthReadingFrom = 0;
  /** The last complete response that arrived in one read and kept its connection open. */
  #previous: ReadMessage | undefined;

  /** Begins the next response, or the first. */
  reset(): void {
    this.message = undefined;
    this.keepsAlive = false;
    this.#text = '';
    this.#worthReadingFrom = 0;
  }

  /** Reads `buffer[0, length)`. */
  take(buffer: Buffer, length = buffer.length): StreamState {
    const text = buffer.toString('latin1', 0, length);
    const isFirstRead = this.#text === '';
    if (isFirstRead && text === this.#previous?.raw) {
      this.message = this.#previous;
      this.keepsAlive = true;
      return 'complete';
    }
    this.#text += text;
    if (this.#text.length < this.#worthReadingFrom) return 'incomplete';
    const state = this.#read(false);
    if (isFirstRead && state === 'complete' && this.keepsAlive) this.#previous = this.message;
    return state;
  }

  /** The connection came to an orderly end. @returns `bad` when a response had begun and is not complete */
  end(): StreamState {
    if (this.#text === '') return 'incomplete';
    return this.#read(true) === 'complete' ? 'complete' : 'bad';
  }

  #read(ended: boolean): StreamState {
    const reading = readResponse(this.#text, { toHead: false, ended });
    switch (reading.kind) {
      case 'unreadable':
        return 'bad';
      case 'incomplete':
        return this.#wait(reading.head);
      case 'message':
        this.#text = reading.rest;
        if (isInterim(reading.message)) return reading.rest === '' ? 'incomplete' : this.#read(ended);
        this.message = reading.message;
        this.keepsAlive = keepsAlive(reading.message);
        return reading.rest === '' ? 'complete' : 'bad';
    }
  }

  #wait(head: ReadMessage | undefined): StreamState {
    this.message = head;
    if (head === undefined) return this.#text.length > MOST_HEAD_CHARACTERS ? 'bad' : 'incomplete';
    if (head.framing === 'close') this.#worthReadingFrom = Number.POSITIVE_INFINITY;
    if (head.framing === 'length') {
      const length = Number(valuesOf(head.fields, 'content-length')[0]);
      this.#worthReadingFrom = this.#text.length - head.bytes.length + length;
    }
    return 'incomplete';
  }
}

function isInterim({ status }: ReadMessage): boolean {
  return status < 200 && status !== 101;
}

function keepsAlive({ line, fields, framing }: ReadMessage): boolean {
  const options = valuesOf(fields, 'connection').join().toLowerCase();
  return line.startsWith('HTTP/1.1') && framing !== 'close' && !options.includes('close');
}
