/**
 * workers/flow.ts: moves the bytes of a source to a sink, at the pace of the slower one. The source rests while the sink
 * is behind, so what waits in memory is bounded by the sink's own mark, and a borrowed buffer is never read into while a
 * write still refers to it.
 */
import type { ReadBuffers } from './read-buffers.js';
import type { ByteSink, ByteSource } from './transport.js';

/**
 * Steps of framing that a read may cost before the others get their turn. A kernel that has more would otherwise be read
 * up to 32 times in a row.
 */
const MOST_WORK = 2_048;

/** Whether a read was so costly that the source ought to {@link Flow.rest}. @param work its steps of framing */
export function isCostly(work: number): boolean {
  return work > MOST_WORK;
}

/** Is told when the sink falls behind and when it has caught up, to keep the right timeout running. */
export interface FlowOwner {
  /** The sink is behind: the source rests. */
  onStalled(): void;
  /** The sink has caught up: the source is read again. */
  onMoving(): void;
}

/** The shortest read for which a borrowed buffer is kept, in bytes; after a shorter one it is given back. */
export const WORTH_A_LOAN = 16 * 1024;

export class Flow {
  private readonly source: ByteSource;
  private readonly sink: ByteSink;
  private readonly buffers: ReadBuffers;
  private readonly owner: FlowOwner;
  /** The source rests until the sink has caught up. */
  private stalled = false;
  /** The source rests until the next turn of the event loop. */
  private resting = false;
  /** The message has ended, complete or not. */
  private over = false;

  constructor(source: ByteSource, sink: ByteSink, buffers: ReadBuffers, owner: FlowOwner) {
    this.source = source;
    this.sink = sink;
    this.buffers = buffers;
    this.owner = owner;
  }

  /**
   * Writes `bytes[from, to)` of the current read, behind the text that the sink holds; call {@link settle} afterwards.
   */
  write(bytes: Buffer, from: number, to: number): void {
    if (from === to) return;
    const { loan } = this.source;
    if (loan !== undefined && bytes === loan.bytes) {
      loan.writing();
      this.sink.write(bytes.subarray(from, to), () => {
        loan.written();
        this.onWritten();
      });
    } else {
      this.sink.write(Buffer.from(bytes.subarray(from, to)), this.onWritten);
    }
  }

  /**
   * Writes the text that the sink holds, and lets the source rest if the sink is behind. Call it after a turn's writes.
   */
  settle(): void {
    this.sink.flush(this.onWritten);
    if (this.over || this.stalled || !this.sink.isBehind) return;
    this.stalled = true;
    this.source.pause();
    this.owner.onStalled();
  }

  /** Reads no more in this turn: the last read has cost so much that others come first. */
  rest(): void {
    if (this.over || this.stalled || this.resting) return;
    this.resting = true;
    this.source.pause();
    setImmediate(this.afterRest);
  }

  /** Chooses the buffer of the next read by how long this one was, in bytes. Call it inside the source's read only. */
  adapt(length: number): void {
    const { source, stalled } = this;
    if (this.over) return;
    if (source.loan === undefined) {
      if (length === source.readBuffer.length) this.borrow();
    } else if (stalled) {
      return; // nothing is read before the sink has taken all that refers to this buffer
    } else if (length < WORTH_A_LOAN) giveLoanBack(source, this.buffers);
    else if (this.sink.pendingBytes > 0) {
      giveLoanBack(source, this.buffers);
      this.borrow();
    }
  }

  /**
   * The message is complete. Call it inside the source's read, or once the source has ended.
   * @param keepLoan whether the source's next message is likely to be as large
   */
  finish(keepLoan: boolean): void {
    this.sink.flush();
    this.end();
    // The loan's own count of writes cannot tell: its callbacks come a turn later even for what the kernel took at
    // once.
    if (!keepLoan || this.sink.pendingBytes > 0) giveLoanBack(this.source, this.buffers);
  }

  /** The message will not be completed, or it ended outside a read. */
  abandon(): void {
    this.end();
    this.source.readBuffer = this.buffers.shared;
    this.source.loan?.abandon();
    this.source.loan = undefined;
  }

  private borrow(): void {
    const { source } = this;
    source.loan = this.buffers.borrow();
    if (source.loan !== undefined) source.readBuffer = source.loan.bytes;
  }

  private end(): void {
    this.over = true;
    if (!this.stalled && !this.resting) return;
    this.stalled = false;
    this.resting = false;
    this.source.resume();
  }

  private readonly afterRest = (): void => {
    if (!this.resting) return;
    this.resting = false;
    if (!this.stalled && this.source.isOpen) this.source.resume();
  };

  private readonly onWritten = (): void => {
    if (!this.stalled || this.sink.isBehind) return;
    this.stalled = false;
    if (!this.source.isOpen) return;
    if (!this.resting) this.source.resume();
    this.owner.onMoving();
  };
}

/** Lets `source` read into the shared buffer again. Call it inside the source's read, or once the source has ended. */
export function giveLoanBack(source: ByteSource, buffers: ReadBuffers): void {
  if (source.loan === undefined) return;
  source.readBuffer = buffers.shared;
  source.loan.giveBack();
  source.loan = undefined;
}
