/**
 * control/worker-process.ts: the primary's side of one worker: starts it, sends and receives its messages, ends it.
 * Every message from it is parsed here, so a defective worker loses its own messages and does not harm the primary.
 */
import type { SendHandle } from 'node:child_process';
import { toPrimarySchema } from '../message-schemas.js';
import type { ToPrimary, ToWorker } from '../messages.js';
import { LineLimit } from './line-limit.js';
import type { Logger } from './logger.js';
import { monotonicMs } from './monotonic.js';
import type { OpenChannel, WorkerChannel } from './worker-channel.js';

export type WorkerState = 'starting' | 'listening' | 'draining';

export interface WorkerExit {
  /** How the process ended, in words: `exit code 1`, `signal SIGKILL`. */
  readonly how: string;
  /** Milliseconds since it began to listen; 0 for a worker that never did. */
  readonly livedMs: number;
}

export interface WorkerEvents {
  message(worker: WorkerProcess, message: ToPrimary): void;
  /** The worker has read all messages that were queued for it, but missed state that was not queued. */
  caughtUp(worker: WorkerProcess): void;
  /** The worker has ended; called once, and last. */
  gone(worker: WorkerProcess, exit: WorkerExit): void;
}

/** Time beyond its drain deadline after which a worker is killed, in milliseconds. */
const DRAIN_GRACE_MS = 1_000;
/** Time after which a worker is killed that has lost its channel and does not end, in milliseconds. */
const CHANNEL_GRACE_MS = 1_000;

/**
 * Unread messages past which no state is queued for a worker: while it hangs, the queue would take the primary's
 * memory.
 */
const MOST_UNREAD = 256;

/** Whether a message carries state, of which a worker that missed some needs only the newest. */
function isState({ type }: ToWorker): boolean {
  return type === 'change' || type === 'snapshot' || type === 'configure' || type === 'maintenance';
}

let started = 0;

export class WorkerProcess {
  /** Unique among all workers that this process has started. */
  readonly id: number;
  /** Slot number, 1-based; a replacement takes it over. */
  readonly slot: number;
  /** When it was started, in epoch milliseconds. */
  readonly startedAt = Date.now();
  readonly gone: Promise<WorkerExit>;
  state: WorkerState = 'starting';
  /** When its last message came, in monotonic milliseconds. */
  heardAtMs = monotonicMs();
  readonly #forkedAtMs = this.heardAtMs;
  #listensSinceMs = Number.POSITIVE_INFINITY;
  /** Messages that the worker has not read yet. */
  #unread = 0;
  #hasMissed = false;
  /** Why the primary ended it; `undefined` for a worker that ended by itself. */
  #endedFor: string | undefined;
  readonly #channel: WorkerChannel;
  readonly #events: WorkerEvents;
  readonly #logger: Logger;
  /** Lines that the worker can cause. */
  readonly #lines: LineLimit;
  #deadline: NodeJS.Timeout | undefined;

  /** @throws {Error} when the system cannot start another process */
  constructor(slot: number, open: OpenChannel, events: WorkerEvents, logger: Logger) {
    this.slot = slot;
    this.#events = events;
    this.#logger = logger;
    this.#lines = new LineLimit(logger);
    let end: (how: string) => void = () => {};
    this.gone = new Promise((resolve) => {
      end = (how) => resolve(this.#end(how));
    });
    this.#channel = open({
      message: (raw) => this.#receive(raw),
      lost: () => this.#lose(),
      failed: (reason) => this.#lines.log('warn', 'worker channel failed', { ...this.#who(), reason }),
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

  /** Marks the worker as listening on every socket. */
  listens(): void {
    this.state = 'listening';
    this.#listensSinceMs = monotonicMs();
  }

  /** Sends a message. A worker that is about to end may miss it; its replacement starts from full snapshots anyway. */
  send(message: ToWorker, handle?: SendHandle): void {
    if (!this.#channel.connected) return;
    // Once it has missed some it gets no more before it gets everything again: it could not apply them.
    if ((this.#unread >= MOST_UNREAD || this.#hasMissed) && isState(message)) {
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
   * Sends a message, unless the worker has too many to read.
   * @returns whether it was sent; if not, {@link WorkerEvents.caughtUp} tells when the worker reads again
   */
  sendUnlessBehind(message: ToWorker): boolean {
    if (this.#unread >= MOST_UNREAD) {
      this.#hasMissed = true;
      return false;
    }
    this.send(message);
    return true;
  }

  /**
   * Has the worker stop accepting, finish and exit; kills it when it takes too long. Idempotent.
   * @param withinMs how long it may take
   */
  drain(withinMs: number): void {
    if (this.state === 'draining') return;
    const hasWork = this.state === 'listening';
    this.state = 'draining';
    if (!hasWork) return this.kill();
    this.send({ type: 'drain', withinMs });
    this.#killAfter(withinMs + DRAIN_GRACE_MS);
  }

  /** Ends the worker at once. @param reason shown as the cause of its end */
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

  /** Kills a worker without a channel, which can no longer be drained, unless it ends by itself within a moment. */
  #lose(): void {
    if (this.state === 'draining') return;
    this.#deadline = setTimeout(() => this.kill(), CHANNEL_GRACE_MS);
  }

  #receive(raw: unknown): void {
    this.heardAtMs = monotonicMs();
    const parsed = toPrimarySchema.safeParse(raw);
    if (parsed.success) return this.#events.message(this, parsed.data);
    const reason = parsed.error.issues[0]?.message;
    this.#lines.log('warn', 'malformed message from a worker dropped', { ...this.#who(), reason });
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
