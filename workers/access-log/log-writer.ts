/**
 * workers/access-log/log-writer.ts: gets lines into a file without ever waiting for it. Lines join a bounded queue of
 * bytes; one write at a time takes whole lines off it, so that several workers can append to one file. When the file
 * does not take them, for want of space or of a reader, they wait in the queue, and when that is full new ones are lost
 * and counted.
 *
 * Why not a package. sonic-boom, the best kept writer of logs, was read and left: it keeps lines as strings, and with
 * them the heads they were cut from, until they are written; it writes at most 16 KiB at a time, which costs four times
 * as much per line as 256 KiB; without its `maxLength` it grows without bound, and with it tells neither how many lines
 * it dropped nor that it stopped dropping; and on a pipe nobody reads it occupies a thread that then keeps the process
 * from exiting.
 */
import { write, writeSync } from 'node:fs';
import { type LogFile, systemProblem } from '../../src/log-file.js';
import { Batches } from './batches.js';
import { LONGEST_LINE } from './entry.js';

/** What a worker keeps for a file that does not take it: seconds of an ordinary load, and no more memory than this. */
const MOST_BYTES = 4_194_304;
/** A write to a file goes through a thread, whose two wake-ups cost as much as copying so much. */
const WORTH_A_WRITE = 131_072;
/** Writes to a pipe in one turn of the event loop; as much as a pipe holds. */
const MOST_PIECES = 16;
/** Until a full pipe is tried again, in milliseconds. */
const FULL_PIPE_MS = 5;

export interface WriterEvents {
  /** A write failed, or there was no room for a line. @param cause one plain clause */
  onTrouble(cause: string): void;
  onLost(lines: number): void;
  /** Lines go to another file from now on; the one before is closed. */
  onReplaced(): void;
}

export class LogWriter {
  private readonly events: WriterEvents;
  private readonly queue = new Batches(MOST_BYTES);
  private file: LogFile | undefined;
  /** Takes the place of `file` as soon as no write is under way. */
  private next: LogFile | undefined;
  /** Bytes in the queue that are worth a write. */
  private worthAWrite = Number.POSITIVE_INFINITY;
  /** Bytes to write however few they are. */
  private owed = 0;
  /**
   * - `idle`: the next line may begin a write
   * - `writing`: a thread writes
   * - `paused`: a pipe is full, or others have their turn; a timer goes on
   * - `failed`: the next {@link flush} tries again
   */
  private state: 'idle' | 'writing' | 'paused' | 'failed' = 'idle';
  private pause: NodeJS.Timeout | undefined;
  private onIdle: (() => void) | undefined;
  /** Nothing is written any more; a file that is still to come, or in a write, is only to be closed. */
  private ended = false;

  constructor(events: WriterEvents) {
    this.events = events;
  }

  get hasFile(): boolean {
    return this.file !== undefined;
  }

  /** Lines go to `file` from now on; the one before is closed. */
  use(file: LogFile): void {
    if (this.ended) return this.close(file);
    this.close(this.next);
    this.next = file;
    if (this.state !== 'writing') this.swap();
    this.resume();
  }

  append(line: string): void {
    const lost = this.queue.append(line);
    if (lost > 0) this.lose(lost);
    else if (this.state === 'idle' && this.queue.size >= this.worthAWrite) this.writeOn();
  }

  /** Writes what there is by now, however little, and tries again where a write had failed. */
  flush(): void {
    this.settle();
    this.owed = this.queue.size;
    this.resume();
  }

  /**
   * Writes everything, or gives up.
   * @param withinMs how long that may take
   * @param done the file is closed, and what was not written is counted as lost; `stuck` when a thread is still in a
   * write, which may never end
   */
  finish(withinMs: number, done: (stuck: boolean) => void): void {
    const end = (): void => {
      clearTimeout(deadline);
      this.onIdle = undefined;
      this.ended = true;
      clearTimeout(this.pause);
      const lines = this.queue.dropAll();
      if (lines > 0) this.events.onLost(lines);
      const stuck = this.state === 'writing';
      if (!stuck) this.close(this.file);
      this.close(this.next);
      done(stuck);
    };
    this.settle();
    const deadline = setTimeout(end, withinMs);
    this.onIdle = end;
    this.owed = Number.POSITIVE_INFINITY;
    this.resume();
  }

  private settle(): void {
    const lost = this.queue.settle();
    if (lost > 0) this.lose(lost);
  }

  private lose(lines: number): void {
    this.events.onLost(lines);
    this.events.onTrouble('lines come faster than they can be written');
  }

  private resume(): void {
    if (this.state === 'failed') this.state = 'idle';
    if (this.state === 'idle') this.writeOn();
  }

  /** Begins the next write if there is one to do. */
  private writeOn(): void {
    const { file } = this;
    if (file === undefined) return; // it is being opened
    if (file.nonBlocking) return this.writePieces(file);
    const piece = this.isDue() ? this.queue.front(pieceBytes(file)) : undefined;
    if (piece === undefined) return this.rest();
    this.state = 'writing';
    write(file.fd, piece.bytes, piece.from, piece.to - piece.from, null, (error, count) => {
      this.state = 'idle';
      if (this.ended) return this.close(file);
      if (error === null) this.wrote(count);
      else this.fail(error);
      this.swap();
      if (this.state === 'idle') this.writeOn();
    });
  }

  /** Into a pipe: each of these writes is taken whole or not at all, and at once. */
  private writePieces(file: LogFile): void {
    for (let left = MOST_PIECES; left > 0; left--) {
      const piece = this.isDue() ? this.queue.front(LONGEST_LINE) : undefined;
      if (piece === undefined) return this.rest();
      try {
        this.wrote(writeSync(file.fd, piece.bytes, piece.from, piece.to - piece.from));
      } catch (error) {
        return this.fail(error);
      }
    }
    this.goOnIn(0);
  }

  private isDue(): boolean {
    return this.owed > 0 || this.queue.size >= this.worthAWrite;
  }

  private wrote(count: number): void {
    this.queue.written(count);
    this.owed = Math.max(this.owed - count, 0);
  }

  /** Nothing is lost yet: what was to be written stays in the queue. */
  private fail(error: unknown): void {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return this.goOnIn(FULL_PIPE_MS);
    this.state = 'failed';
    this.events.onTrouble(systemProblem(error));
    this.onIdle?.();
  }

  private goOnIn(ms: number): void {
    this.state = 'paused';
    this.pause = setTimeout(() => {
      this.state = 'idle';
      this.writeOn();
    }, ms);
  }

  private rest(): void {
    this.owed = this.owed === Number.POSITIVE_INFINITY ? this.owed : 0;
    this.onIdle?.();
  }

  private swap(): void {
    const { next } = this;
    if (next === undefined) return;
    this.next = undefined;
    // The end of that line would stand at the start of another file.
    const torn = this.queue.dropTorn();
    if (torn > 0) this.events.onLost(torn);
    const replaces = this.hasFile;
    this.close(this.file);
    this.file = next;
    this.worthAWrite = next.isOrdinary ? WORTH_A_WRITE : LONGEST_LINE;
    if (replaces) this.events.onReplaced();
  }

  private close(file: LogFile | undefined): void {
    // What was written is written; there is nobody left to tell.
    file?.close().catch(() => undefined);
  }
}

/** Only an ordinary file takes a long write whole, whoever else writes there. */
function pieceBytes({ isOrdinary }: LogFile): number {
  return isOrdinary ? Number.POSITIVE_INFINITY : LONGEST_LINE;
}
