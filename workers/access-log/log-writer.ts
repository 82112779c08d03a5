/**
 * workers/access-log/log-writer.ts: writes lines to a file without blocking requests. Lines are appended to a bounded
 * queue of bytes; one write at a time takes whole lines off it, so that several workers can append to one file. If the
 * file takes no bytes (no space left, or no reader of a pipe), lines wait in the queue; when the queue is full, new
 * lines are lost and counted.
 *
 * Why not a package: sonic-boom, the best maintained log writer, was considered. It keeps lines as strings until they
 * are written, and with them the heads that they were cut from; it writes at most 16 KiB at a time, which costs four
 * times as much per line as 256 KiB; without `maxLength` it grows without bound, and with it reports neither how many
 * lines it dropped nor that it stopped dropping; and on a pipe without a reader it blocks a thread, which keeps the
 * process from exiting.
 */
import { write, writeSync } from 'node:fs';
import { type LogFile, systemProblem } from '../../src/log-file.js';
import { Batches } from './batches.js';
import { LONGEST_LINE } from './entry.js';

/** Size of the queue: a few seconds of lines at ordinary load. */
const MOST_BYTES = 4_194_304;
/**
 * Bytes that make a write to an ordinary file worth while: it wakes a thread and this one, which costs as much as
 * copying them.
 */
const WORTH_A_WRITE = 131_072;
/** Most writes to a pipe in one turn of the event loop; together as much as a pipe holds. */
const MOST_PIECES = 16;
/** Time until a full pipe is written to again. */
const FULL_PIPE_MS = 5;

export interface WriterEvents {
  /** A write failed, or the queue had no room for a line. @param cause a clause for the log */
  onTrouble(cause: string): void;
  /** @param lines number of lines that were lost */
  onLost(lines: number): void;
  /** Lines go to another file from now on; the one before is closed. */
  onReplaced(): void;
}

export class LogWriter {
  private readonly events: WriterEvents;
  private readonly queue = new Batches(MOST_BYTES);
  private file: LogFile | undefined;
  /** The file that replaces `file` as soon as no write is under way. */
  private next: LogFile | undefined;
  /** A write begins once this many bytes are in the queue. */
  private worthAWrite = Number.POSITIVE_INFINITY;
  /** Bytes of the queue to be written even if they are fewer than that, after {@link flush} or {@link finish}. */
  private owed = 0;
  /**
   * - `idle`: no write is under way; the next line may begin one
   * - `writing`: a thread writes
   * - `paused`: a pipe is full, or other work has its turn; a timer continues
   * - `failed`: a write failed; the next {@link flush} tries again
   */
  private state: 'idle' | 'writing' | 'paused' | 'failed' = 'idle';
  private pause: NodeJS.Timeout | undefined;
  private onIdle: (() => void) | undefined;
  /** {@link finish} is over: nothing is written any more, and a file that is opened or released later is closed. */
  private ended = false;

  constructor(events: WriterEvents) {
    this.events = events;
  }

  get hasFile(): boolean {
    return this.file !== undefined;
  }

  /** Directs lines to `file` from now on; closes the one before. */
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

  /** Writes all lines appended so far, and tries again after a write that failed. */
  flush(): void {
    this.settle();
    this.owed = this.queue.size;
    this.resume();
  }

  /**
   * Writes all lines and closes the file. Lines that are not written within the time are counted as lost.
   * @param withinMs time limit in milliseconds
   * @param done called at the end; `stuck` is true if a thread is still in a write, which may never end
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

  /** Begins the next write, if one is due. */
  private writeOn(): void {
    const { file } = this;
    if (file === undefined) return; // being opened
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

  /** Writes to a pipe: each of these writes is atomic and returns at once. */
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

  /** Handles a write that failed. Its lines are not lost: they stay in the queue. */
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
    // The rest of a line that was written in part would become the start of the new file.
    const torn = this.queue.dropTorn();
    if (torn > 0) this.events.onLost(torn);
    const replaces = this.hasFile;
    this.close(this.file);
    this.file = next;
    this.worthAWrite = next.isOrdinary ? WORTH_A_WRITE : LONGEST_LINE;
    if (replaces) this.events.onReplaced();
  }

  private close(file: LogFile | undefined): void {
    // An error on closing has no effect on the lines and nobody to be reported to.
    file?.close().catch(() => undefined);
  }
}

/**
 * @returns most bytes of one write: only on an ordinary file are longer writes atomic when others write to it as well
 */
function pieceBytes({ isOrdinary }: LogFile): number {
  return isOrdinary ? Number.POSITIVE_INFINITY : LONGEST_LINE;
}
