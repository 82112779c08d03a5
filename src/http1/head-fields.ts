/**
 * http1/head-fields.ts: the fields of one head as offsets into its text, and the values of those that requests and
 * responses have in common. One object per connection and direction, reused for each message.
 */
import { equalsIgnoringCase, isAlike, LOWER } from './characters.js';
import { CONNECTION, kindOf, NOMINATED, OTHER } from './field-kind.js';
import { elementAt, elementEnd } from './list.js';

/** Numbers stored per field: kind, and the offsets of the name, the colon, and start and end of the trimmed value. */
const SLOTS = 5;
/** Fields there is room for at first; more than most heads have, since every idle connection holds the memory. */
const INITIAL_FIELDS = 16;

export class HeadFields {
  /** The latin1 text that the head was parsed from; every offset here is into it. */
  text = '';
  /** Number of fields. */
  count = 0;
  /** Offset of the first field line. */
  start = 0;
  /** Offset of the empty line that ends the head. */
  end = 0;
  /** Value of Content-Length in bytes; -1 without one. */
  contentLength = -1;
  /** Transfer-Encoding is `chunked`. */
  chunked = false;
  /** Connection has the option `close`. */
  close = false;
  /** Connection has the option `keep-alive`. */
  keepAlive = false;
  /** Connection has the option `upgrade`. */
  upgrade = false;
  /** Number of options in Connection. */
  options = 0;
  /** Connection has an option that is the name of an ordinary field, or could be. */
  nominates = false;
  #slots = new Int32Array(INITIAL_FIELDS * SLOTS);

  /** Forgets the fields of the last head. @param start offset in `text` of the first field line */
  reset(text: string, start: number): void {
    this.text = text;
    this.count = 0;
    this.start = start;
    this.end = start;
    this.contentLength = -1;
    this.chunked = false;
    this.close = false;
    this.keepAlive = false;
    this.upgrade = false;
    this.options = 0;
    this.nominates = false;
  }

  add(kind: number, nameAt: number, colonAt: number, valueAt: number, valueEnd: number): void {
    const base = this.count * SLOTS;
    if (base === this.#slots.length) this.#grow();
    const slots = this.#slots;
    slots[base] = kind;
    slots[base + 1] = nameAt;
    slots[base + 2] = colonAt;
    slots[base + 3] = valueAt;
    slots[base + 4] = valueEnd;
    this.count++;
  }

  kind(index: number): number {
    return this.#slots[index * SLOTS] ?? OTHER;
  }

  nameAt(index: number): number {
    return this.#slots[index * SLOTS + 1] ?? 0;
  }

  colonAt(index: number): number {
    return this.#slots[index * SLOTS + 2] ?? 0;
  }

  valueAt(index: number): number {
    return this.#slots[index * SLOTS + 3] ?? 0;
  }

  valueEnd(index: number): number {
    return this.#slots[index * SLOTS + 4] ?? 0;
  }

  /** Offset behind the CRLF of the field line. */
  lineEnd(index: number): number {
    return index + 1 < this.count ? this.nameAt(index + 1) : this.end;
  }

  /** Whether there is an ordinary field of this name that is forwarded. @param name in lower case */
  has(name: string): boolean {
    const { text } = this;
    for (let index = 0; index < this.count; index++) {
      if (this.kind(index) !== OTHER) continue;
      if (equalsIgnoringCase(text, this.nameAt(index), this.colonAt(index), name)) return true;
    }
    return false;
  }

  /** Gives the ordinary fields that Connection names the kind {@link NOMINATED}, so that they are not forwarded. */
  markNominated(): void {
    const { text } = this;
    for (let index = 0; index < this.count; index++) {
      if (this.kind(index) !== CONNECTION) continue;
      const to = this.valueEnd(index);
      let end = 0;
      for (let at = elementAt(text, this.valueAt(index), to); at < to; at = elementAt(text, end, to)) {
        end = elementEnd(text, at, to);
        if (kindOf(text, at, end) === OTHER) this.#markNamed(text, at, end);
      }
    }
  }

  /**
   * Gives the fields of these names the kind {@link NOMINATED}, so that they are not forwarded. Case is ignored, and
   * `_` equals `-`, as CGI and WSGI read it.
   * @param names in lower case
   */
  nominate(names: readonly string[]): void {
    const { text } = this;
    for (let index = 0; index < this.count; index++) {
      const at = this.nameAt(index);
      const length = this.colonAt(index) - at;
      for (const name of names) {
        if (name.length === length && isAlike(text, at, name)) this.#slots[index * SLOTS] = NOMINATED;
      }
    }
  }

  /** Gives one field the kind {@link NOMINATED}, so that it is not forwarded. */
  leaveOut(index: number): void {
    this.#slots[index * SLOTS] = NOMINATED;
  }

  /**
   * Takes the field that was added last for no further one if the first of its kind has the same value: it is not
   * forwarded then. @returns whether it has
   */
  dropIfRepeated(): boolean {
    const last = this.count - 1;
    for (let index = 0; index < last; index++) {
      if (this.kind(index) !== this.kind(last)) continue;
      const value = this.text.slice(this.valueAt(index), this.valueEnd(index));
      if (value !== this.text.slice(this.valueAt(last), this.valueEnd(last))) return false;
      this.#slots[last * SLOTS] = NOMINATED;
      return true;
    }
    return false;
  }

  #markNamed(text: string, from: number, to: number): void {
    for (let index = 0; index < this.count; index++) {
      if (this.kind(index) !== OTHER) continue;
      const at = this.nameAt(index);
      if (this.colonAt(index) - at === to - from && sameName(text, at, from, to - from)) {
        this.#slots[index * SLOTS] = NOMINATED;
      }
    }
  }

  #grow(): void {
    const wider = new Int32Array(this.#slots.length * 2);
    wider.set(this.#slots);
    this.#slots = wider;
  }
}

function sameName(text: string, a: number, b: number, length: number): boolean {
  for (let i = 0; i < length; i++) {
    if (LOWER[text.charCodeAt(a + i)] !== LOWER[text.charCodeAt(b + i)]) return false;
  }
  return true;
}
