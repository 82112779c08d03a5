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
  /** The borrowed buffer it reads into; kept from one message to the next while they are large. */
  loan: Loan | undefined;
}

/** Told when the target falls behind and when it has caught up, to keep the right timeout running. */
export interface FlowOwner {
  onStalled(flow: Flow): void;
  onMoving(flow: Flow): void;
}

/** Reads at least this long keep a borrowed buffer; a trickle gives it back. */
export const WORTH_A_LOAN = 16 * 1024;

export class Flow {
  private readonly source: FlowSource;
  private readonly target: Socket;
  private readonly buffers: ReadBuffers;
  private readonly owner: FlowOwner;
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
    const { loan } = this.source;
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
    const { source } = this;
    if (this.over) return;
    if (source.loan === undefined && length === source.readBuffer.length) {
      source.loan = this.buffers.borrow();
      if (source.loan !== undefined) source.readBuffer = source.loan.bytes;
    } else if (length < WORTH_A_LOAN && !this.stalled) {
      giveLoanBack(source, this.buffers);
    }
  }

  /**
   * The message is complete. Call it inside the source's `onRead`, or once the source is destroyed.
   * @param keepLoan whether the source's next message is likely to be as large
   */
  finish(keepLoan: boolean): void {
    this.end();
    // Not by the loan's own count: its callbacks come a turn later even for what the kernel took at once.
    if (!keepLoan || this.target.writableLength > 0) giveLoanBack(this.source, this.buffers);
  }

  /** The message will not be completed, or it ended outside a read. */
  abandon(): void {
    this.end();
    this.source.readBuffer = this.buffers.shared;
    this.source.loan?.abandon();
    this.source.loan = undefined;
  }

  private end(): void {
    this.over = true;
    if (!this.stalled) return;
    this.stalled = false;
    this.source.socket.resume();
  }

  private readonly onWritten = (): void => {
    if (!this.stalled || this.target.writableLength !== 0) return;
    this.stalled = false;
    if (this.source.socket.destroyed) return;
    this.source.socket.resume();
    this.owner.onMoving(this);
  };
}

/** Goes back to the shared buffer. Call it inside the source's `onRead`, or once the source is destroyed. */
export function giveLoanBack(source: FlowSource, buffers: ReadBuffers): void {
  if (source.loan === undefined) return;
  source.readBuffer = buffers.shared;
  source.loan.giveBack();
  source.loan = undefined;
}
