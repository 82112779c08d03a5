/**
 * control/worker-process.ts: one worker as the primary sees it: started, told, listened to, ended. Whatever comes from
 * it is parsed here; a worker gone wrong may lose its own messages but never the primary.
 */
import type { SendHandle } from 'node:child_process';
import { toPrimarySchema } from '../message-schemas.js';
import type { ToPrimary, ToWorker } from '../messages.js';
import type { Logger } from './logger.js';
import { monotonicMs } from './monotonic.js';
import type { OpenChannel, WorkerChannel } from './worker-channel.js';

export type WorkerState = 'starting' | 'listening' | 'draining';

export interface WorkerExit {
  /** In words: `exit code 1`, `signal SIGKILL`. */
  readonly how: string;
  /** Since it listened; 0 for one that never did, however long it took. */
  readonly livedMs: number;
}

export interface WorkerEvents {
  message(worker: WorkerProcess, message: ToPrimary): void;
  /** It missed changes while it did not read its messages, and has read all others now. */
  caughtUp(worker: WorkerProcess): void;
  /** Once, and nothing comes after it. */
  gone(worker: WorkerProcess, exit: WorkerExit): void;
}

/** What a worker may take beyond the time it was given to drain, in milliseconds. */
const DRAIN_GRACE_MS = 1_000;
/** What a process that has closed its channel may take to end, in milliseconds. */
const CHANNEL_GRACE_MS = 1_000;

/** State past so many unread messages is not queued: the memory would be the primary's, for as long as a worker hangs. */
const MOST_UNREAD = 256;

/** What is replaced by the next of its kind, so that one who missed some needs the last only. */
function isState({ type }: ToWorker): boolean {
  return type === 'change' || type === 'snapshot' || type === 'configure';
}

let started = 0;

export class WorkerProcess {
  /** Unique over the life of this process. */
  readonly id: number;
  /** Its place among the workers, from 1; a replacement takes over the number. */
  readonly slot: number;
  /** Epoch milliseconds. */
  readonly startedAt = Date.now();
  readonly gone: Promise<WorkerExit>;
  state: WorkerState = 'starting';
  /** When it last said something, in monotonic milliseconds. */
  heardAtMs = monotonicMs();
  readonly #forkedAtMs = this.heardAtMs;
  #listensSinceMs = Number.POSITIVE_INFINITY;
  /** Messages that it has not read yet. */
  #unread = 0;
  #hasMissed = false;
  /** Why it was ended, if it did not end by itself. */
  #endedFor: string | undefined;
  readonly #channel: WorkerChannel;
  readonly #events: WorkerEvents;
  readonly #logger: Logger;
  #deadline: NodeJS.Timeout | undefined;

  /** @throws {Error} when the system cannot start another process */
  constructor(slot: number, open: OpenChannel, events: WorkerEvents, logger: Logger) {
    this.slot = slot;
    this.#events = events;
    this.#logger = logger;
    let end: (how: string) => void = () => {};
    this.gone = new Promise((resolve) => {
      end = (how) => resolve(this.#end(how));
    });
    this.#channel = open({
      message: (raw) => this.#receive(raw),
      lost: () => this.#lose(),
      failed: (reason) => this.#logger.warn('worker channel failed', { ...this.#who(), reason }),
      gone: (how) => end(how),
    });
    started += 1;
    this.id = started;
  }

  get pid(): number | undefined {
    return this.#channel.pid;
  }

  get ageMs(): number {
    return monotonicMs() - this.#forkedAtMs;
  }

  /** It listens on every socket. */
  listens(): void {
    this.state = 'listening';
    this.#listensSinceMs = monotonicMs();
  }

  /** A worker that is about to die misses messages; its replacement starts from a full snapshot anyway. */
  send(message: ToWorker, handle?: SendHandle): void {
    if (!this.#channel.connected) return;
    if (this.#unread >= MOST_UNREAD && isState(message)) {
      this.#hasMissed = true;
      return;
    }
    this.#unread += 1;
    this.#channel.send(message, handle, (error) => {
      if (error !== null) this.#logger.debug('message not delivered', { ...this.#who(), reason: error.message });
      this.#read();
    });
  }

  /**
   * Asks it to stop accepting, finish and exit; ends it when it does not. Idempotent.
   * @param withinMs how long that may take
   */
  drain(withinMs: number): void {
    if (this.state === 'draining') return;
    const hasWork = this.state === 'listening';
    this.state = 'draining';
    if (!hasWork) return this.kill();
    this.send({ type: 'drain', withinMs });
    this.#killAfter(withinMs + DRAIN_GRACE_MS);
  }

  /** @param reason for the log */
  kill(reason?: string): void {
    this.#endedFor ??= reason;
    this.#channel.kill();
  }

  #read(): void {
    this.#unread -= 1;
    if (this.#unread > 0 || !this.#hasMissed) return;
    this.#hasMissed = false;
    this.#events.caughtUp(this);
  }

  #killAfter(ms: number): void {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => {
      this.#logger.warn('worker did not drain in time and is ended', this.#who());
      this.kill();
    }, ms);
  }

  /** A process without its channel can be neither told nor drained. Most often it is just ending by itself. */
  #lose(): void {
    if (this.state === 'draining') return;
    this.#deadline = setTimeout(() => this.kill(), CHANNEL_GRACE_MS);
  }

  #receive(raw: unknown): void {
    this.heardAtMs = monotonicMs();
    const parsed = toPrimarySchema.safeParse(raw);
    if (parsed.success) return this.#events.message(this, parsed.data);
    const reason = parsed.error.issues[0]?.message;
    this.#logger.warn('malformed message from a worker dropped', { ...this.#who(), reason });
  }

  #end(how: string): WorkerExit {
    clearTimeout(this.#deadline);
    const because = this.#endedFor === undefined ? how : `${this.#endedFor}, ${how}`;
    const exit = { how: because, livedMs: Math.max(0, monotonicMs() - this.#listensSinceMs) };
    this.#events.gone(this, exit);
    return exit;
  }

  #who(): { worker: number; pid: number | undefined } {
    return { worker: this.slot, pid: this.pid };
  }
}
