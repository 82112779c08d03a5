/**
 * workers/http/h2/sender.ts: sends the frames of all streams of an HTTP/2 connection. What comes up within a turn of the
 * event loop leaves in one write; content waits for the windows (RFC 9113 section 5.2) and for the socket.
 */
import type { ErrorCode } from '../../../src/http2/error-code.js';
import { DEFAULT_FRAME_BYTES, DEFAULT_WINDOW, FLAG, FRAME, FRAME_HEADER_BYTES } from '../../../src/http2/frame.js';
import { FrameWriter } from '../../../src/http2/frame-writer.js';
import { HpackEncoder } from '../../../src/http2/hpack-encoder.js';
import { OutputBuffer } from '../../../src/http2/output-buffer.js';
import { sendTrailers } from '../../../src/http2/send-head.js';
import { SendWindow } from '../../../src/http2/window.js';
import type { Transport } from '../../transport.js';
import { SendQueue } from './send-queue.js';
import type { StreamCarrier, StreamChannel } from './stream-channel.js';

/** What a sender tells its connection. */
export interface SenderOwner {
  /** This side's direction of a stream has ended. */
  onSentEnd(channel: StreamChannel): void;
  /** A stream is of no use any more. */
  onCancel(streamId: number): void;
}

/** Content up to this many bytes is copied into the output of a turn; more is written from where it is. */
const COPIED_BYTES = 4_096;
/** Bytes that may wait in the socket before streams wait, too. */
const BEHIND_BYTES = 262_144;
/** Bytes that may wait in the socket at all: more are answers to a peer that asks and does not read. */
const MOST_UNREAD = 1_048_576;
/** Offset of the flags in a frame header. */
const FLAGS_AT = 4;

export class Http2Sender implements StreamCarrier {
  readonly writer: FrameWriter;
  readonly encoder: HpackEncoder;
  readonly queue = new SendQueue();
  /** The window of the connection. */
  readonly window = new SendWindow(DEFAULT_WINDOW);
  private readonly transport: Transport;
  private readonly owner: SenderOwner;
  private readonly out = new OutputBuffer();
  /** Nothing is sent any more but what was appended. */
  private closed = false;
  /** What is sent is written at the end of the turn. */
  private flushes = false;
  /** Writes so far, by which a frame is known to be still in {@link out}. */
  private writes = 0;

  constructor(transport: Transport, owner: SenderOwner) {
    this.transport = transport;
    this.owner = owner;
    this.writer = new FrameWriter(this.out);
    this.encoder = new HpackEncoder(this.out);
  }

  get isBehind(): boolean {
    return this.transport.pendingBytes > BEHIND_BYTES;
  }

  /**
   * Sends a header block.
   * @param write appends its fields
   * @returns the bytes that it takes
   */
  headers(channel: StreamChannel, write: (encoder: HpackEncoder) => void): number {
    const from = this.writer.beginHeaders();
    write(this.encoder);
    this.writer.endHeaders(from, channel.id, false);
    this.sent(channel, from - FRAME_HEADER_BYTES);
    this.flushSoon();
    return this.out.length - from;
  }

  reset(streamId: number, code: ErrorCode): void {
    this.writer.reset(streamId, code);
    this.flushSoon();
  }

  /** @param detail ASCII, for whoever looks at the peer's log */
  goaway(lastStreamId: number, code: ErrorCode, detail: string): void {
    this.writer.goaway(lastStreamId, code, detail);
    this.flushSoon();
  }

  wantsToSend(channel: StreamChannel): void {
    if (channel.ending && !channel.hasBytes && this.endInPlace(channel)) return;
    this.queue.add(channel);
    this.flushSoon();
  }

  sendText(channel: StreamChannel, text: string): boolean {
    const { length } = text;
    const most = Math.min(COPIED_BYTES, this.window.available, channel.sendWindow.available);
    if (length > most || !this.queue.isEmpty || this.isBehind) return false;
    this.window.spend(length);
    channel.sendWindow.spend(length);
    this.sent(channel, this.out.length);
    this.writer.header(FRAME.data, 0, channel.id, length);
    this.out.text(text);
    this.flushSoon();
    return true;
  }

  grantWindow(streamId: number, bytes: number): void {
    this.writer.windowUpdate(streamId, bytes);
    this.flushSoon();
  }

  cancelStream(streamId: number): void {
    this.owner.onCancel(streamId);
  }

  /** Writes what is to be sent once everything that has arrived was handled. */
  flushSoon(): void {
    if (this.flushes || this.closed) return;
    this.flushes = true;
    setImmediate(this.flush);
  }

  /** Writes what was appended, and sends no more. */
  close(): void {
    this.closed = true;
    if (this.transport.isOpen) this.writeOut();
  }

  private readonly flush = (): void => {
    this.flushes = false;
    if (this.closed || !this.transport.isOpen) return;
    this.sendContent();
    this.writeOut();
    if (this.transport.pendingBytes > MOST_UNREAD) this.transport.close('now');
  };

  private readonly onWritten = (): void => {
    if (!this.queue.isEmpty) this.flushSoon();
  };

  private writeOut(): void {
    if (this.out.length === 0) return;
    this.writes += 1;
    this.transport.write(this.out.take(), this.onWritten);
  }

  /** Remembers where the last frame of a stream is, as long as it has not been written. */
  private sent(channel: StreamChannel, at: number): void {
    channel.lastFrameAt = at;
    channel.lastFrameWrite = this.writes;
  }

  /** Ends a stream by its last frame, if that is still here; this saves an empty frame for each response. */
  private endInPlace(channel: StreamChannel): boolean {
    if (channel.trailers !== '') return false;
    if (channel.lastFrameAt < 0 || channel.lastFrameWrite !== this.writes) return false;
    const at = channel.lastFrameAt + FLAGS_AT;
    this.out.bytes[at] = (this.out.bytes[at] ?? 0) | FLAG.endStream;
    this.owner.onSentEnd(channel);
    return true;
  }

  /** Sends content of the streams whose turn it is, as far as the windows and the socket allow. */
  private sendContent(): void {
    const blocked: StreamChannel[] = [];
    while (!this.queue.isEmpty && !this.isBehind) {
      const channel = this.queue.next();
      if (channel === undefined) break;
      if (!this.sendFrame(channel)) blocked.push(channel);
      else if (channel.hasBytes) this.queue.add(channel);
      if (this.window.available <= 0 && channel.hasBytes) break;
    }
    // One whose own window is closed is asked again when that grows; one that waits for the connection's stays.
    for (const channel of blocked) if (channel.sendWindow.available > 0) this.queue.add(channel);
  }

  /** Sends one frame of a stream, and its end if nothing follows. @returns `false` if a window is closed */
  private sendFrame(channel: StreamChannel): boolean {
    if (!channel.hasBytes) {
      this.end(channel);
      return true;
    }
    const most = Math.min(this.window.available, channel.sendWindow.available, DEFAULT_FRAME_BYTES);
    if (most <= 0 && channel.nextBytes > 0) return false;
    let onWritten: (() => void) | undefined;
    const bytes = channel.take(most, (written) => {
      onWritten = written;
    });
    this.window.spend(bytes.length);
    channel.lastFrameAt = -1;
    const ends = channel.ending && !channel.hasBytes && channel.trailers === '';
    this.writer.header(FRAME.data, ends ? FLAG.endStream : 0, channel.id, bytes.length);
    this.writeContent(bytes, onWritten);
    if (ends) this.owner.onSentEnd(channel);
    else if (channel.ending && !channel.hasBytes) this.end(channel);
    return true;
  }

  /** Ends this side's direction of a stream, by its trailers or by an empty frame. */
  private end(channel: StreamChannel): void {
    if (!channel.ending) return;
    if (channel.trailers === '') this.writer.header(FRAME.data, FLAG.endStream, channel.id, 0);
    else {
      const from = this.writer.beginHeaders();
      sendTrailers(channel.trailers, this.encoder);
      this.writer.endHeaders(from, channel.id, true);
    }
    this.owner.onSentEnd(channel);
  }

  /** Writes the content of a frame whose header was appended; a small one is copied, to be written with others. */
  private writeContent(bytes: Buffer, onWritten: (() => void) | undefined): void {
    if (bytes.length <= COPIED_BYTES) {
      this.out.copy(bytes, 0, bytes.length);
      onWritten?.();
      return;
    }
    this.writes += 1;
    this.transport.hold(this.out.takeText());
    this.transport.write(bytes, () => {
      onWritten?.();
      this.onWritten();
    });
  }
}
