/** http2/frame-writer.ts: appends frames to a connection's output (RFC 9113 section 6). */
import type { ErrorCode } from './error-code.js';
import { DEFAULT_FRAME_BYTES, FLAG, FRAME, FRAME_HEADER_BYTES } from './frame.js';
import type { OutputBuffer } from './output-buffer.js';

/** A setting and its value, as SETTINGS sends them. */
export type SettingPair = readonly [id: number, value: number];

export class FrameWriter {
  readonly out: OutputBuffer;

  constructor(out: OutputBuffer) {
    this.out = out;
  }

  /** Appends the header of a frame whose payload of `length` bytes follows. */
  header(type: number, flags: number, streamId: number, length: number): void {
    const { out } = this;
    out.reserve(FRAME_HEADER_BYTES);
    const { bytes } = out;
    const at = out.length;
    bytes[at] = length >>> 16;
    bytes[at + 1] = length >>> 8;
    bytes[at + 2] = length;
    bytes[at + 3] = type;
    bytes[at + 4] = flags;
    bytes[at + 5] = streamId >>> 24;
    bytes[at + 6] = streamId >>> 16;
    bytes[at + 7] = streamId >>> 8;
    bytes[at + 8] = streamId;
    out.length = at + FRAME_HEADER_BYTES;
  }

  /** Begins HEADERS; the caller appends the block and then calls {@link endHeaders} with what this has returned. */
  beginHeaders(): number {
    const { out } = this;
    out.reserve(FRAME_HEADER_BYTES);
    out.length += FRAME_HEADER_BYTES;
    return out.length;
  }

  /**
   * Completes HEADERS whose block begins at `from`. A block that is larger than a frame is divided.
   * @param endsStream whether nothing follows on the stream
   */
  endHeaders(from: number, streamId: number, endsStream: boolean): void {
    const { out } = this;
    const length = out.length - from;
    const streamFlag = endsStream ? FLAG.endStream : 0;
    if (length <= DEFAULT_FRAME_BYTES) {
      out.length = from - FRAME_HEADER_BYTES;
      this.header(FRAME.headers, FLAG.endHeaders | streamFlag, streamId, length);
      out.length = from + length;
      return;
    }
    const block = Buffer.from(out.bytes.subarray(from, out.length));
    out.length = from - FRAME_HEADER_BYTES;
    for (let at = 0; at < length; at += DEFAULT_FRAME_BYTES) {
      const end = Math.min(length, at + DEFAULT_FRAME_BYTES);
      const flags = (at === 0 ? streamFlag : 0) | (end === length ? FLAG.endHeaders : 0);
      this.header(at === 0 ? FRAME.headers : FRAME.continuation, flags, streamId, end - at);
      out.copy(block, at, end);
    }
  }

  settings(pairs: readonly SettingPair[]): void {
    this.header(FRAME.settings, 0, 0, pairs.length * 6);
    for (const [id, value] of pairs) {
      this.out.uint16(id);
      this.out.uint32(value);
    }
  }

  settingsAck(): void {
    this.header(FRAME.settings, FLAG.ack, 0, 0);
  }

  /** @param bytes eight bytes at `from`, which the peer repeats in its answer or has sent in its question */
  ping(bytes: Buffer, from: number, isAck: boolean): void {
    this.header(FRAME.ping, isAck ? FLAG.ack : 0, 0, 8);
    this.out.copy(bytes, from, from + 8);
  }

  windowUpdate(streamId: number, increment: number): void {
    this.header(FRAME.windowUpdate, 0, streamId, 4);
    this.out.uint32(increment);
  }

  reset(streamId: number, code: ErrorCode): void {
    this.header(FRAME.rstStream, 0, streamId, 4);
    this.out.uint32(code);
  }

  /** @param detail ASCII; why the connection ends, for whoever looks at the peer's log */
  goaway(lastStreamId: number, code: ErrorCode, detail: string): void {
    this.header(FRAME.goaway, 0, 0, 8 + detail.length);
    this.out.uint32(lastStreamId);
    this.out.uint32(code);
    this.out.text(detail);
  }
}
