/**
 * http1/chunked.ts: parses chunked framing (RFC 9112 section 7.1) without copying, so that a body is forwarded as the
 * bytes it came in and never encoded again. Strict, because a proxy and a backend that disagree about where a body ends
 * make request smuggling possible.
 */
import { COLON, CR, LF, SEMICOLON, TOKEN, VALUE } from './characters.js';
import { type ExtensionState, stepExtension } from './chunk-extension.js';
import { type Fault, refuse } from './fault.js';
import { kindOf, OTHER } from './field-kind.js';

const BAD_SIZE = refuse(400, 'bad-chunk-size', 'A chunk size is not 1 to 15 plain hexadecimal digits.');
const BAD_EXTENSION = refuse(400, 'bad-chunk-extension', 'A chunk extension is not ;name or ;name=value.');
const LONG_EXTENSION = refuse(431, 'chunk-extension-too-long', 'A chunk extension is longer than 256 bytes.');
const BAD_END = refuse(400, 'bad-chunk-end', 'A line or the data of a chunk does not end in CR LF.');
const BAD_TRAILER = refuse(400, 'bad-trailer', 'A trailer field is malformed.');
const FORBIDDEN_TRAILER = refuse(400, 'forbidden-trailer', 'A trailer field would change what the head has said.');
const LARGE_TRAILERS = refuse(431, 'trailers-too-large', 'The trailer fields are larger than 8 KiB.');

/** Hexadecimal digits of a chunk size, leading zeros included: 60 bits, more than any body has. */
const MAX_SIZE_DIGITS = 15;
/** Most digits of the size of a chunk that fits into one read. */
const WHOLE_DIGITS = 6;
/** Bytes of the extensions of one chunk, semicolons included. They are hardly used, so long ones are an attack. */
const MAX_EXTENSION = 256;
/** Bytes of all trailer lines of one body, line ends included. */
const MAX_TRAILERS = 8_192;
/** Characters of a trailer's name that are kept: no name that {@link kindOf} compares as a whole is longer. */
const NAME_KEPT = 18;

type State =
  | 'size'
  | 'extension'
  | 'size-lf'
  | 'data'
  | 'data-cr'
  | 'data-lf'
  | 'line-start'
  | 'name'
  | 'value'
  | 'value-lf'
  | 'end-lf'
  | 'done';

/**
 * Finds where a chunked body ends. There is one per connection, reused by {@link reset}. The result does not depend on
 * how the bytes are split between calls. A fault has the status with which a client is answered; in a backend's
 * response it means 502 or, once the response has begun, a connection that is broken off.
 */
export class ChunkedScanner {
  #state: State = 'size';
  #fault: Fault | undefined;
  /** Bytes of the current chunk's data that have not been scanned. */
  #left = 0;
  #digits = 0;
  /** Bytes of the current chunk's extensions. */
  #extension = 0;
  #extensionState: ExtensionState = 'first';
  #trailerBytes = 0;
  #trailers = '';
  #name = '';
  /** What the last {@link scan} has cost: chunks, and bytes that had to be looked at one by one. */
  work = 0;

  /** The last byte of the body has been scanned. */
  get done(): boolean {
    return this.#state === 'done';
  }

  /** What is wrong with the framing; stays until {@link reset}. */
  get fault(): Fault | undefined {
    return this.#fault;
  }

  /** The trailer field lines of a body that is {@link done}, latin1, each with its CRLF; '' when there are none. */
  get trailers(): string {
    return this.#trailers;
  }

  /** Prepares for the next body. */
  reset(): void {
    this.#state = 'size';
    this.#fault = undefined;
    this.#left = 0;
    this.#digits = 0;
    this.#extension = 0;
    this.#trailerBytes = 0;
    this.#trailers = '';
    this.#name = '';
  }

  /**
   * Scans the next bytes of the body, `bytes` in [from, to).
   * @param onData called with the range of each run of payload bytes; a chunk that spans calls comes as several runs
   * @returns the offset behind the body if it ends here; the offset of the byte at fault; otherwise `to`
   */
  scan(bytes: Uint8Array, from: number, to: number, onData?: (from: number, to: number) => void): number {
    let at = from;
    this.work = 0;
    while (at < to && this.#state !== 'done' && this.#fault === undefined) {
      if (this.#state === 'data') {
        const end = Math.min(to, at + this.#left);
        this.#left -= end - at;
        if (this.#left === 0) this.#state = 'data-cr';
        onData?.(at, end);
        at = end;
        continue;
      }
      if (this.#state === 'size' && this.#digits === 0) {
        const behind = this.#scanWhole(bytes, at, to, onData);
        if (behind > at) {
          at = behind;
          continue;
        }
      }
      this.work += 1;
      this.#fault = this.#step(bytes[at] ?? 0);
      if (this.#fault === undefined) at++;
    }
    return at;
  }

  /**
   * Scans chunks that are whole and have no extensions, which most are, without a step for each byte: a body in chunks of
   * one byte has six for each byte of payload.
   * @returns the offset behind the last of them
   */
  #scanWhole(bytes: Uint8Array, from: number, to: number, onData?: (from: number, to: number) => void): number {
    let at = from;
    for (;;) {
      let size = 0;
      let dataAt = at;
      for (let digit = 0; dataAt < to && dataAt - at < WHOLE_DIGITS; dataAt++) {
        digit = hexValue(bytes[dataAt] ?? 0);
        if (digit < 0) break;
        size = size * 16 + digit;
      }
      const isLine = bytes[dataAt] === CR && bytes[dataAt + 1] === LF;
      const end = dataAt + 2 + size;
      if (!isLine || size === 0 || end + 2 > to || bytes[end] !== CR || bytes[end + 1] !== LF) return at;
      onData?.(dataAt + 2, end);
      this.work += 1;
      at = end + 2;
    }
  }

  #step(byte: number): Fault | undefined {
    switch (this.#state) {
      case 'size':
        return this.#readSize(byte);
      case 'extension':
        return this.#readExtension(byte);
      case 'size-lf':
        return this.#expect(LF, byte, this.#left === 0 ? 'line-start' : 'data');
      case 'data-cr':
        return this.#expect(CR, byte, 'data-lf');
      case 'data-lf':
        this.#digits = 0;
        return this.#expect(LF, byte, 'size');
      case 'end-lf':
        return this.#expect(LF, byte, 'done');
      default:
        return this.#readTrailer(byte);
    }
  }

  #expect(wanted: number, byte: number, next: State): Fault | undefined {
    if (byte !== wanted) return BAD_END;
    this.#state = next;
    return undefined;
  }

  #readSize(byte: number): Fault | undefined {
    const digit = hexValue(byte);
    if (digit >= 0) {
      this.#left = this.#left * 16 + digit;
      return ++this.#digits > MAX_SIZE_DIGITS || this.#left > Number.MAX_SAFE_INTEGER ? BAD_SIZE : undefined;
    }
    if (this.#digits === 0) return BAD_SIZE;
    if (byte === CR) this.#state = 'size-lf';
    else if (byte === SEMICOLON) {
      this.#state = 'extension';
      this.#extension = 1;
      this.#extensionState = 'first';
    } else return BAD_SIZE;
    return undefined;
  }

  #readExtension(byte: number): Fault | undefined {
    const next = stepExtension(this.#extensionState, byte);
    if (next === undefined) return BAD_EXTENSION;
    if (next === 'end') {
      this.#state = 'size-lf';
      return undefined;
    }
    this.#extensionState = next;
    return ++this.#extension > MAX_EXTENSION ? LONG_EXTENSION : undefined;
  }

  #readTrailer(byte: number): Fault | undefined {
    if (this.#state === 'line-start' && byte === CR) {
      this.#state = 'end-lf';
      return undefined;
    }
    if (++this.#trailerBytes > MAX_TRAILERS) return LARGE_TRAILERS;
    this.#trailers += String.fromCharCode(byte);
    if (this.#state === 'value-lf') return this.#expect(LF, byte, 'line-start');
    if (this.#state !== 'value') return this.#readName(byte);
    if (byte === CR) this.#state = 'value-lf';
    else if (VALUE[byte] !== 1) return BAD_TRAILER;
    return undefined;
  }

  /**
   * Reads a trailer's name. Framing, routing and forwarding fields are not allowed behind a body (RFC 9110 section
   * 6.5.1).
   */
  #readName(byte: number): Fault | undefined {
    if (this.#state === 'line-start') this.#name = '';
    if (TOKEN[byte] === 1) {
      this.#state = 'name';
      if (this.#name.length < NAME_KEPT) this.#name += String.fromCharCode(byte);
      return undefined;
    }
    if (byte !== COLON || this.#name === '') return BAD_TRAILER;
    this.#state = 'value';
    return kindOf(this.#name, 0, this.#name.length) === OTHER ? undefined : FORBIDDEN_TRAILER;
  }
}

/** @returns the value of a hexadecimal digit, 0 to 15; -1 for any other byte */
function hexValue(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : -1;
}
