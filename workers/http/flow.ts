/**
 * workers/http/flow.ts: moves the bytes of one connection to another socket, at the pace of the slower one. Nothing is
 * read while the target is behind, so what waits in memory is at most one read, and a borrowed buffer is never read
 * into while a write still refers to it.
 */
import type { Socket } from 'node:net';
import type { Loan, ReadBuffers } from '../read-buffers.js';

/** The connection whose bytes are moved. */
export interface FlowSource {
  readonly socket: Socket;
  /** Where its next read goes; see `fast-socket.ts`. */
  readBuffer: Buffer;
}

/** Told when the target falls behind and when it has caught up, to keep the right timeout running. */
export interface FlowOwner {
  onStalled(flow: Flow): void;
  onMoving(flow: Flow): void;
}

/** Reads at least this long keep a borrowed buffer; a trickle gives it back. */
const WORTH_A_LOAN = 16 * 1024;

export class Flow {
  private readonly source: FlowSource;
  private readonly target: Socket;
  private readonly buffers: ReadBuffers;
  private readonly owner: FlowOwner;
  private loan: Loan | undefined;
  private stalled = false;
  private over = false;

  constructor(source: FlowSource, target: Socket, buffers: ReadBuffers, owner: FlowOwner) {
    this.source = source;
    this.target = target;
    this.buffers = buffers;
    this.owner = owner;
  }

  /** Writes `bytes[from, to)` of the current read; call {@link settle} afterwards. */
  write(bytes: Buffer, from: number, to: number): void {
    if (from === to) return;
    const { loan } = this;
    if (loan !== undefined && bytes === loan.bytes) {
      loan.writing();
      this.target.write(bytes.subarray(from, to), () => {
        loan.written();
        this.onWritten();
      });
    } else {
      this.target.write(Buffer.from(bytes.subarray(from, to)), this.onWritten);
    }
  }

  /** Writes text of one byte a character, which Node copies; call {@link settle} afterwards. */
  writeText(text: string): void {
    this.target.write(text, 'latin1', this.onWritten);
  }

  /** After the last write of a turn: rests the source while the target is behind. */
  settle(): void {
    if (this.over || this.stalled || this.target.writableLength === 0) return;
    this.stalled = true;
    this.source.socket.pause();
    this.owner.onStalled(this);
  }

  /** Chooses the buffer of the next read by how long this one was. Call it inside the source's `onRead` only. */
  adapt(length: number): void {
    if (this.over) return;
    if (this.loan === undefined && length === this.source.readBuffer.length) {
      this.loan = this.buffers.borrow();
      if (this.loan !== undefined) this.source.readBuffer = this.loan.bytes;
    } else if (this.loan !== undefined && length < WORTH_A_LOAN && !this.stalled) {
      this.giveBack();
    }
  }

  /** The message is complete. Call it inside the source's `onRead` only. */
  finish(): void {
    this.end();
    this.giveBack();
  }

  /** The message will not be completed, or it ended outside a read. */
  abandon(): void {
    this.end();
    this.source.readBuffer = this.buffers.shared;
    this.loan?.abandon();
    this.loan = undefined;
  }

  private end(): void {
    this.over = true;
    if (!this.stalled) return;
    this.stalled = false;
    this.source.socket.resume();
  }

  private giveBack(): void {
    this.source.readBuffer = this.buffers.shared;
    this.loan?.giveBack();
    this.loan = undefined;
  }

  private readonly onWritten = (): void => {
    if (!this.stalled || this.target.writableLength !== 0) return;
    this.stalled = false;
    if (this.source.socket.destroyed) return;
    this.source.socket.resume();
    this.owner.onMoving(this);
  };
}
