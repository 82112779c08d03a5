/** http2/window.ts: flow control as arithmetic (RFC 9113 section 5.2). Bytes are those of DATA, padding included. */
import { LARGEST_WINDOW } from './frame.js';

/** The bytes that may still be sent on a connection or a stream. It may be negative after a change of the settings. */
export class SendWindow {
  available: number;

  constructor(available: number) {
    this.available = available;
  }

  /** @returns `false` if the window would exceed the largest one, which is a flow-control error */
  grow(bytes: number): boolean {
    this.available += bytes;
    return this.available <= LARGEST_WINDOW;
  }

  spend(bytes: number): void {
    this.available -= bytes;
  }
}

/** The bytes that the peer may still send, and those that it will be told it may send again. */
export class ReceiveWindow {
  /** The window that the peer is given, in bytes. */
  private size: number;
  /** Bytes that the peer may still send. */
  private available: number;
  /** Bytes that have been passed on since the peer was last told. */
  private passedOn = 0;

  constructor(size: number) {
    this.size = size;
    this.available = size;
  }

  /** Bytes have arrived. @returns `false` if the peer has sent more than it may */
  receive(bytes: number): boolean {
    this.available -= bytes;
    return this.available >= 0;
  }

  /**
   * Bytes that had arrived have been passed on or thrown away.
   * @returns by how much the peer's window is to grow now; 0 as long as telling it is not worth a frame
   */
  release(bytes: number): number {
    this.passedOn += bytes;
    if (this.passedOn * 2 < this.size) return 0;
    const increment = this.passedOn;
    this.passedOn = 0;
    this.available += increment;
    return increment;
  }

  /** Gives the peer a larger window. @returns by how much it grows; 0 if it is as large already */
  widen(size: number): number {
    const more = Math.min(size, LARGEST_WINDOW) - this.size;
    if (more <= 0) return 0;
    this.size += more;
    this.available += more;
    return more;
  }
}
