/**
 * http2/output-buffer.ts: the bytes that a connection writes next. Frames of many streams are appended here and leave in
 * one write, which is what makes HTTP/2 cheap.
 */

const INITIAL_BYTES = 1_024;
/** The longest text that is copied character by character; a longer one is faster through native code. */
const SHORT_TEXT = 24;

export class OutputBuffer {
  bytes = Buffer.allocUnsafe(INITIAL_BYTES);
  /** Bytes of {@link bytes} that are in use. */
  length = 0;

  /** Makes room for `more` bytes. */
  reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.bytes.length) return;
    const wider = Buffer.allocUnsafe(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(wider, 0, 0, this.length);
    this.bytes = wider;
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  uint16(value: number): void {
    this.reserve(2);
    this.length = this.bytes.writeUInt16BE(value, this.length);
  }

  uint32(value: number): void {
    this.reserve(4);
    this.length = this.bytes.writeUInt32BE(value, this.length);
  }

  /** Appends latin1 text. */
  text(text: string): void {
    this.reserve(text.length);
    const { bytes } = this;
    if (text.length > SHORT_TEXT) this.length += bytes.write(text, this.length, 'latin1');
    else for (let i = 0; i < text.length; i++) bytes[this.length++] = text.charCodeAt(i);
  }

  /** Appends a copy of `bytes[from, to)`. */
  copy(bytes: Buffer, from: number, to: number): void {
    this.reserve(to - from);
    this.length += bytes.copy(this.bytes, this.length, from, to);
  }

  /** Hands over what was appended as latin1 text, one byte a character. */
  takeText(): string {
    const text = this.bytes.toString('latin1', 0, this.length);
    this.length = 0;
    return text;
  }

  /** Hands over what was appended, which the caller may keep. */
  take(): Buffer {
    const taken = this.bytes.subarray(0, this.length);
    this.bytes = Buffer.allocUnsafe(INITIAL_BYTES);
    this.length = 0;
    return taken;
  }
}
