/**
 * http2/frame-reader.ts: finds frames in the bytes of a connection, however they are split, and checks what can be
 * checked of a frame alone (RFC 9113 sections 4 and 6). What a frame means for its stream is for the handler to say.
 *
 * The payload of DATA is handed over as it arrives and never copied. All other frames are short: one that comes in pieces
 * is put together first.
 */
import { connectionFault, ERROR_CODE, type Http2Fault } from './error-code.js';
import { DEFAULT_FRAME_BYTES, FLAG, FRAME, FRAME_HEADER_BYTES } from './frame.js';

/** Gets the frames of a connection, in their order. Bytes may be overwritten once a call returns. */
export interface FrameHandler {
  /** A DATA frame begins. @param length bytes that count for flow control, padding included */
  onData(streamId: number, length: number, endsStream: boolean): void;
  /** Content of the DATA frame that began last. */
  onDataBytes(streamId: number, bytes: Buffer, from: number, to: number): void;
  /** The DATA frame that began last is complete. */
  onDataEnd(streamId: number, endsStream: boolean): void;
  /** A whole header block, of HEADERS and the CONTINUATIONs behind it. */
  onHeaders(block: HeaderBlock, bytes: Buffer, from: number, to: number): void;
  onPriority(streamId: number, dependsOnItself: boolean): void;
  onReset(streamId: number, code: number): void;
  /** SETTINGS of the peer: six bytes each. */
  onSettings(bytes: Buffer, from: number, to: number): void;
  onSettingsAck(): void;
  /** @param from offset of the eight bytes that the answer has to repeat */
  onPing(bytes: Buffer, from: number, isAck: boolean): void;
  onGoaway(lastStreamId: number, code: number): void;
  /** @param streamId 0 for the window of the connection */
  onWindowUpdate(streamId: number, increment: number): void;
  /** PRIORITY_UPDATE (RFC 9218 section 7.1). @param streamId the stream that it is about; its priority is `bytes[from, to)` */
  onPriorityUpdate(streamId: number, bytes: Buffer, from: number, to: number): void;
  /** A frame of a type that is not known, which is ignored. */
  onUnknown(type: number): void;
  /** The connection has to end; nothing more is read. */
  onFault(fault: Http2Fault): void;
}

export interface HeaderBlock {
  readonly streamId: number;
  readonly endsStream: boolean;
  /** The stream's priority names the stream itself (RFC 7540 section 5.3.1), which resets it. */
  readonly dependsOnItself: boolean;
}

export interface FrameLimits {
  /** Bytes of a header block, as it is encoded. */
  readonly blockBytes: number;
  /** CONTINUATION frames of a header block. */
  readonly continuations: number;
}

const PROTOCOL_ERROR = ERROR_CODE.protocolError;
const FRAME_SIZE_ERROR = ERROR_CODE.frameSizeError;
const NONE = Buffer.alloc(0);

export class FrameReader {
  private readonly handler: FrameHandler;
  private readonly limits: FrameLimits;
  /** No more is read: the connection is at its end. */
  private closed = false;

  // The frame that is being read:
  private type = 0;
  private flags = 0;
  private streamId = 0;
  private payloadLength = 0;
  /** Bytes of a DATA frame that have not come yet. */
  private dataLeft = 0;
  /** The beginning of a frame that has not come as a whole. */
  private partial = NONE;
  private partialLength = 0;

  /** The header block that is being put together, until its last CONTINUATION has come. */
  private block: HeaderBlock | undefined;
  private blockBytes = NONE;
  private continuations = 0;

  constructor(handler: FrameHandler, limits: FrameLimits) {
    this.handler = handler;
    this.limits = limits;
  }

  /** Reads no more. */
  close(): void {
    this.closed = true;
    this.partial = NONE;
    this.partialLength = 0;
    this.blockBytes = NONE;
  }

  /** Reads `bytes[from, to)`, which follow what was read before. */
  read(bytes: Buffer, from: number, to: number): void {
    let at = from;
    while (at < to && !this.closed) {
      if (this.dataLeft > 0) at = this.readData(bytes, at, to);
      else if (this.partialLength > 0) at = this.gather(bytes, at, to);
      else if (to - at < FRAME_HEADER_BYTES) at = this.gather(bytes, at, to);
      else if (this.readHeader(bytes, at)) at = this.readPayload(bytes, at, to);
    }
  }

  /** Reads the payload behind the frame header at `at`. */
  private readPayload(bytes: Buffer, at: number, to: number): number {
    const payloadAt = at + FRAME_HEADER_BYTES;
    if (this.beginsData()) return payloadAt;
    const end = payloadAt + this.payloadLength;
    if (end > to) return this.gather(bytes, at, to);
    this.dispatch(bytes, payloadAt, end);
    return end;
  }

  /** Keeps the beginning of a frame until the whole of it has come. @returns the offset behind what was taken */
  private gather(bytes: Buffer, at: number, to: number): number {
    const hasHeader = this.partialLength >= FRAME_HEADER_BYTES;
    const end = this.keep(bytes, at, to, hasHeader ? FRAME_HEADER_BYTES + this.payloadLength : FRAME_HEADER_BYTES);
    if (!hasHeader) {
      if (this.partialLength < FRAME_HEADER_BYTES || !this.readHeader(this.partial, 0)) return end;
      if (this.beginsData()) {
        this.partialLength = 0;
        return end;
      }
    }
    const whole = FRAME_HEADER_BYTES + this.payloadLength;
    if (this.partialLength < whole) return end;
    const frame = this.partial;
    this.partial = NONE;
    this.partialLength = 0;
    this.dispatch(frame, FRAME_HEADER_BYTES, whole);
    return end;
  }

  /** Takes bytes until there are `wanted` of the frame. @returns the offset behind them */
  private keep(bytes: Buffer, at: number, to: number, wanted: number): number {
    if (this.partial.length < wanted) {
      const wider = Buffer.allocUnsafe(wanted);
      this.partial.copy(wider, 0, 0, this.partialLength);
      this.partial = wider;
    }
    const end = Math.min(to, at + wanted - this.partialLength);
    this.partialLength += bytes.copy(this.partial, this.partialLength, at, end);
    return end;
  }

  /** Reads a frame header. @returns `false` if the connection has to end */
  private readHeader(bytes: Buffer, at: number): boolean {
    this.payloadLength = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    this.type = bytes[at + 3] ?? 0;
    this.flags = bytes[at + 4] ?? 0;
    this.streamId = bytes.readUInt32BE(at + 5) & 0x7fff_ffff;
    if (this.payloadLength > DEFAULT_FRAME_BYTES) return this.fail(FRAME_SIZE_ERROR, 'frame larger than announced');
    const { block } = this;
    if (block === undefined) {
      if (this.type !== FRAME.continuation) return true;
      return this.fail(PROTOCOL_ERROR, 'CONTINUATION without a header block');
    }
    if (this.type === FRAME.continuation && this.streamId === block.streamId) return true;
    return this.fail(PROTOCOL_ERROR, 'another frame within a header block');
  }

  /** Begins a DATA frame whose payload can be handed over as it comes; one with padding is read as a whole. */
  private beginsData(): boolean {
    if (this.type !== FRAME.data || this.has(FLAG.padded)) return false;
    if (this.streamId === 0) {
      this.fail(PROTOCOL_ERROR, 'DATA on stream 0');
      return true;
    }
    this.dataLeft = this.payloadLength;
    this.handler.onData(this.streamId, this.payloadLength, this.has(FLAG.endStream));
    if (this.dataLeft === 0 && !this.closed) this.handler.onDataEnd(this.streamId, this.has(FLAG.endStream));
    return true;
  }

  private readData(bytes: Buffer, at: number, to: number): number {
    const end = Math.min(to, at + this.dataLeft);
    this.dataLeft -= end - at;
    this.handler.onDataBytes(this.streamId, bytes, at, end);
    if (this.dataLeft === 0 && !this.closed) this.handler.onDataEnd(this.streamId, this.has(FLAG.endStream));
    return end;
  }

  /** Handles the frame whose payload is `bytes[from, to)`. */
  private dispatch(bytes: Buffer, from: number, to: number): void {
    switch (this.type) {
      case FRAME.data:
        return this.paddedData(bytes, from, to);
      case FRAME.headers:
        return this.headers(bytes, from, to);
      case FRAME.priority:
        return this.priority(bytes, from, to);
      case FRAME.rstStream:
        return this.reset(bytes, from, to);
      case FRAME.settings:
        return this.settings(bytes, from, to);
      case FRAME.pushPromise:
        this.fail(PROTOCOL_ERROR, 'PUSH_PROMISE, which is switched off');
        return;
      case FRAME.ping:
        return this.ping(bytes, from, to);
      case FRAME.goaway:
        return this.goaway(bytes, from, to);
      case FRAME.windowUpdate:
        return this.windowUpdate(bytes, from, to);
      case FRAME.continuation:
        return this.continuation(bytes, from, to);
      case FRAME.priorityUpdate:
        return this.priorityUpdate(bytes, from, to);
      default:
        return this.handler.onUnknown(this.type);
    }
  }

  private paddedData(bytes: Buffer, from: number, to: number): void {
    const { handler, streamId } = this;
    if (!this.isOnStream('DATA')) return;
    const end = this.unpadded(bytes, from, to);
    if (end === undefined) return;
    handler.onData(streamId, to - from, this.has(FLAG.endStream));
    if (end > from + 1 && !this.closed) handler.onDataBytes(streamId, bytes, from + 1, end);
    if (!this.closed) handler.onDataEnd(streamId, this.has(FLAG.endStream));
  }

  private headers(bytes: Buffer, from: number, to: number): void {
    if (!this.isOnStream('HEADERS')) return;
    const end = this.has(FLAG.padded) ? this.unpadded(bytes, from, to) : to;
    if (end === undefined) return;
    let at = this.has(FLAG.padded) ? from + 1 : from;
    let dependsOnItself = false;
    if (this.has(FLAG.priority)) {
      if (end - at < 5) return void this.fail(FRAME_SIZE_ERROR, 'HEADERS without room for its priority');
      dependsOnItself = this.dependsOnItself(bytes, at);
      at += 5;
    }
    const block = { streamId: this.streamId, endsStream: this.has(FLAG.endStream), dependsOnItself };
    if (this.has(FLAG.endHeaders)) return this.handler.onHeaders(block, bytes, at, end);
    this.block = block;
    this.continuations = 0;
    this.blockBytes = Buffer.from(bytes.subarray(at, end));
  }

  private continuation(bytes: Buffer, from: number, to: number): void {
    const { block, limits } = this;
    if (block === undefined) return;
    this.continuations += 1;
    if (this.continuations > limits.continuations || this.blockBytes.length + to - from > limits.blockBytes) {
      return void this.fail(ERROR_CODE.enhanceYourCalm, 'header block too long');
    }
    const whole = Buffer.concat([this.blockBytes, bytes.subarray(from, to)]);
    this.blockBytes = whole;
    if (!this.has(FLAG.endHeaders)) return;
    this.block = undefined;
    this.blockBytes = NONE;
    this.handler.onHeaders(block, whole, 0, whole.length);
  }

  private priority(bytes: Buffer, from: number, to: number): void {
    if (!this.isOnStream('PRIORITY') || !this.hasLength('PRIORITY', to - from, 5)) return;
    this.handler.onPriority(this.streamId, this.dependsOnItself(bytes, from));
  }

  private reset(bytes: Buffer, from: number, to: number): void {
    if (!this.isOnStream('RST_STREAM') || !this.hasLength('RST_STREAM', to - from, 4)) return;
    this.handler.onReset(this.streamId, bytes.readUInt32BE(from));
  }

  private settings(bytes: Buffer, from: number, to: number): void {
    if (!this.isOnConnection('SETTINGS')) return;
    if (this.has(FLAG.ack)) {
      if (this.hasLength('acknowledged SETTINGS', to - from, 0)) this.handler.onSettingsAck();
      return;
    }
    if ((to - from) % 6 !== 0) return void this.fail(FRAME_SIZE_ERROR, 'SETTINGS of no whole number of settings');
    this.handler.onSettings(bytes, from, to);
  }

  private ping(bytes: Buffer, from: number, to: number): void {
    if (!this.isOnConnection('PING') || !this.hasLength('PING', to - from, 8)) return;
    this.handler.onPing(bytes, from, this.has(FLAG.ack));
  }

  private goaway(bytes: Buffer, from: number, to: number): void {
    if (!this.isOnConnection('GOAWAY')) return;
    if (to - from < 8) return void this.fail(FRAME_SIZE_ERROR, 'GOAWAY of less than 8 bytes');
    this.handler.onGoaway(bytes.readUInt32BE(from) & 0x7fff_ffff, bytes.readUInt32BE(from + 4));
  }

  private windowUpdate(bytes: Buffer, from: number, to: number): void {
    if (!this.hasLength('WINDOW_UPDATE', to - from, 4)) return;
    this.handler.onWindowUpdate(this.streamId, bytes.readUInt32BE(from) & 0x7fff_ffff);
  }

  private priorityUpdate(bytes: Buffer, from: number, to: number): void {
    if (!this.isOnConnection('PRIORITY_UPDATE')) return;
    if (to - from < 4) return void this.fail(FRAME_SIZE_ERROR, 'PRIORITY_UPDATE of less than 4 bytes');
    const streamId = bytes.readUInt32BE(from) & 0x7fff_ffff;
    if (streamId === 0) return void this.fail(PROTOCOL_ERROR, 'PRIORITY_UPDATE for stream 0');
    this.handler.onPriorityUpdate(streamId, bytes, from + 4, to);
  }

  /** @returns the end of the content of a frame with padding, which begins one byte behind `from` */
  private unpadded(bytes: Buffer, from: number, to: number): number | undefined {
    const end = to - (bytes[from] ?? 0);
    if (from < to && end > from) return end;
    this.fail(PROTOCOL_ERROR, 'padding longer than its frame');
    return undefined;
  }

  private dependsOnItself(bytes: Buffer, at: number): boolean {
    return (bytes.readUInt32BE(at) & 0x7fff_ffff) === this.streamId;
  }

  private has(flag: number): boolean {
    return (this.flags & flag) !== 0;
  }

  private isOnStream(name: string): boolean {
    return this.streamId !== 0 || this.fail(PROTOCOL_ERROR, `${name} on stream 0`);
  }

  private isOnConnection(name: string): boolean {
    return this.streamId === 0 || this.fail(PROTOCOL_ERROR, `${name} on a stream`);
  }

  private hasLength(name: string, length: number, wanted: number): boolean {
    return length === wanted || this.fail(FRAME_SIZE_ERROR, `${name} of ${length} bytes in place of ${wanted}`);
  }

  private fail(code: Http2Fault['code'], detail: string): false {
    this.close();
    this.handler.onFault(connectionFault(code, detail));
    return false;
  }
}
