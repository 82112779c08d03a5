/**
 * workers/http/h2/stream-channel.ts: the bytes of one HTTP/2 stream in both directions, as a {@link ByteChannel}. What is
 * written waits here for the windows of the stream and of the connection; what arrives while nobody reads waits here
 * too, and the peer's window stays closed by as much, so that it is bounded by that window.
 */
import { ReceiveWindow, SendWindow } from '../../../src/http2/window.js';
import type { Loan } from '../../read-buffers.js';
import type { ByteChannel, Closing } from '../../transport.js';
import { ArrivedBytes } from './arrived-bytes.js';

/** The connection as a channel sees it. */
export interface StreamCarrier {
  /** The connection's socket takes no more for now. */
  readonly isBehind: boolean;
  /** The stream has something to send, or its end. */
  wantsToSend(channel: StreamChannel): void;
  /** Sends a short text at once. @returns `false` if it has to wait for a window or for others */
  sendText(channel: StreamChannel, text: string): boolean;
  /** The peer may send `bytes` more on the stream. */
  grantWindow(streamId: number, bytes: number): void;
  /** Ends the stream before its time: it is of no use any more. */
  cancelStream(streamId: number): void;
}

/** Gets what arrives on a channel. */
export interface ChannelUser {
  /** Bytes arrived in `buffer[0, length)`; they may be overwritten once the call returns. */
  onBytes(buffer: Buffer, length: number): void;
  /** The peer has ended its direction, and everything in front of that was handed over. */
  onEnd(): void;
}

/** Bytes that wait to be sent. */
interface Pending {
  readonly bytes: Buffer;
  readonly onWritten: (() => void) | undefined;
}

/** No read of a stream fills this buffer, so that no larger one is borrowed for it: DATA comes out of the connection's. */
const NO_BUFFER = Buffer.alloc(0);

export class StreamChannel implements ByteChannel {
  readonly id: number;
  readonly sendWindow: SendWindow;
  readonly receiveWindow: ReceiveWindow;
  readBuffer = NO_BUFFER;
  readonly loan: Loan | undefined = undefined;
  /** This side's direction ends with what waits. */
  ending = false;
  /** Trailer field lines behind the content, each with its CRLF. */
  trailers = '';
  /** Where the last frame of the stream is in the connection's output; -1 if that is not known. */
  lastFrameAt = -1;
  /** The writes of the connection when that frame was appended: after another one it is no longer there. */
  lastFrameWrite = 0;
  /** The stream has ended, or was reset. */
  isClosed = false;
  pendingBytes = 0;
  /** Bytes that had to wait and were sent, by which a reader that is slow is told from one that does not read. */
  sentBytes = 0;
  private readonly carrier: StreamCarrier;
  private readonly user: ChannelUser;
  private held = '';
  /** What waits to be sent, and how far the first of it has been. */
  private readonly queue: Pending[] = [];
  private sentOfFirst = 0;
  private onEnded: (() => void) | undefined;
  /** What arrived while the channel was paused. */
  private readonly arrived = new ArrivedBytes();
  private paused = false;
  /** The peer has ended its direction. */
  private peerEnded = false;

  /**
   * @param sendBytes the window that the peer gives the stream @param receiveBytes the window that the peer is given
   */
  constructor(id: number, carrier: StreamCarrier, user: ChannelUser, sendBytes: number, receiveBytes: number) {
    this.id = id;
    this.carrier = carrier;
    this.user = user;
    this.sendWindow = new SendWindow(sendBytes);
    this.receiveWindow = new ReceiveWindow(receiveBytes);
  }

  get isOpen(): boolean {
    return !this.isClosed;
  }

  get isBehind(): boolean {
    return this.queue.length > 0 || this.carrier.isBehind;
  }

  get unsentBytes(): number {
    return this.pendingBytes;
  }

  pause(): void {
    this.paused = true;
  }

  // What waits is handed over once the caller is done, as a socket does it: the caller may have more to send in front.
  resume(): void {
    this.paused = false;
    if (!this.arrived.isEmpty || this.peerEnded) queueMicrotask(() => this.handOverAll());
  }

  private handOverAll(): void {
    while (!this.paused && !this.arrived.isEmpty && !this.isClosed) {
      const bytes = this.arrived.take();
      this.handOver(bytes, bytes.length);
    }
    if (!this.paused && this.arrived.isEmpty && this.peerEnded) this.endPeer();
  }

  /** DATA has arrived: `bytes[from, to)`. */
  receive(bytes: Buffer, from: number, to: number): void {
    const piece = bytes.subarray(from, to);
    if (this.paused || !this.arrived.isEmpty) this.arrived.add(piece);
    else this.handOver(piece, to - from);
  }

  /** The peer's direction ends behind what has arrived. */
  receiveEnd(): void {
    this.peerEnded = true;
    if (!this.paused && this.arrived.isEmpty) this.endPeer();
  }

  hold(text: string): void {
    this.held += text;
  }

  flush(onWritten?: () => void): void {
    const { held } = this;
    if (held === '') return;
    if (onWritten === undefined && !this.isClosed && this.queue.length === 0 && this.carrier.sendText(this, held)) {
      this.held = '';
    } else this.enqueue(this.takeHeld(), onWritten);
  }

  write(bytes: Buffer, onWritten: () => void): void {
    if (this.held !== '') this.enqueue(this.takeHeld(), undefined);
    this.enqueue(bytes, onWritten);
  }

  end(onEnded?: () => void): void {
    this.flush();
    this.ending = true;
    this.onEnded = onEnded;
    this.carrier.wantsToSend(this);
  }

  close(how: Closing): void {
    if (this.isClosed) return;
    if (how === 'drain') this.end();
    else this.carrier.cancelStream(this.id);
  }

  /** Whether anything waits to be sent. */
  get hasBytes(): boolean {
    return this.queue.length > 0;
  }

  /** Bytes of the first piece that waits. */
  get nextBytes(): number {
    return (this.queue[0]?.bytes.length ?? 0) - this.sentOfFirst;
  }

  /**
   * Takes up to `most` bytes of what waits, which the connection sends.
   * @param onSent gets what is to be called once the last of a piece was written
   */
  take(most: number, onSent: (onWritten: () => void) => void): Buffer {
    const [first] = this.queue;
    if (first === undefined) return NO_BUFFER;
    const from = this.sentOfFirst;
    const to = Math.min(first.bytes.length, from + most);
    this.sendWindow.spend(to - from);
    this.sentBytes += to - from;
    this.sentOfFirst = to;
    if (to === first.bytes.length) {
      this.queue.shift();
      this.sentOfFirst = 0;
      onSent(() => this.onPieceWritten(first));
    }
    return first.bytes.subarray(from, to);
  }

  /** This side's direction has ended. */
  ended(): void {
    this.onEnded?.();
    this.onEnded = undefined;
  }

  /** The stream is over: nothing that waits will be sent or read. Everybody who waits for a write is told. */
  discard(): void {
    this.isClosed = true;
    this.arrived.clear();
    for (const piece of this.queue.splice(0)) this.onPieceWritten(piece);
    this.ended();
  }

  private handOver(bytes: Buffer, length: number): void {
    this.user.onBytes(bytes, length);
    this.release(length);
  }

  /** The peer may send as many bytes again: their content was read, or they were padding. */
  release(length: number): void {
    if (this.isClosed || this.peerEnded) return;
    const more = this.receiveWindow.release(length);
    if (more > 0) this.carrier.grantWindow(this.id, more);
  }

  private endPeer(): void {
    this.peerEnded = false;
    this.user.onEnd();
  }

  private takeHeld(): Buffer {
    const bytes = Buffer.from(this.held, 'latin1');
    this.held = '';
    return bytes;
  }

  private enqueue(bytes: Buffer, onWritten: (() => void) | undefined): void {
    if (this.isClosed) {
      onWritten?.();
      return;
    }
    this.queue.push({ bytes, onWritten });
    this.pendingBytes += bytes.length;
    this.carrier.wantsToSend(this);
  }

  private onPieceWritten({ bytes, onWritten }: Pending): void {
    this.pendingBytes -= bytes.length;
    onWritten?.();
  }
}
