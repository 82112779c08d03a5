/**
 * control/worker-watch.ts: looks after the workers once a second. One that says nothing for too long hangs (an endless
 * loop, a stopped process): it is ended, and replaced like any that died. One that is past its limits of age or memory
 * still works: its replacement comes first, and one at a time.
 */
import type { Journal } from './journal.js';
import type { Logger } from './logger.js';
import type { CurrentConfig } from './running-config.js';
import type { WorkerState } from './worker-process.js';

/** A worker as far as it is looked after. */
export interface WatchedWorker {
  readonly slot: number;
  readonly pid: number | undefined;
  readonly state: WorkerState;
  readonly ageMs: number;
  /** When it last said something, in monotonic milliseconds; its counters come once a second. */
  readonly heardAtMs: number;
  /** Ends it at once. */
  kill(reason: string): void;
}

export interface WorkerWatchParts<W extends WatchedWorker> {
  readonly config: CurrentConfig<'heartbeat' | 'workerLimits'>;
  readonly workers: () => Iterable<W>;
  readonly memoryBytes: (worker: W) => number;
  /** Replacement first. Settles when `worker` is gone. @throws {Error} when the replacement does not start */
  readonly replace: (worker: W) => Promise<void>;
  readonly logger: Logger;
  readonly journal: Journal;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

const LOOK_MS = 1_000;
/** Memory of a worker this young says more about the limit than about the worker: it would be replaced for ever. */
const YOUNG_MS = 60_000;
/** After a replacement that did not start. */
const TRY_AGAIN_MS = 60_000;
const MIB = 1_048_576;

export class WorkerWatch<W extends WatchedWorker> {
  readonly #parts: WorkerWatchParts<W>;
  /** Ended for their silence; it may take a moment until they are gone. */
  readonly #ended = new WeakSet<W>();
  #timer: NodeJS.Timeout | undefined;
  #lookedAtMs = 0;
  /** Since when this process has been running on time: silence before that may be its own. */
  #onTimeSinceMs = 0;
  #replacing = false;
  #replaceNotBeforeMs = 0;

  constructor(parts: WorkerWatchParts<W>) {
    this.#parts = parts;
  }

  start(): void {
    this.#lookedAtMs = this.#parts.nowMs();
    this.#onTimeSinceMs = this.#lookedAtMs;
    this.#timer = setInterval(() => this.look(), LOOK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Once per {@link LOOK_MS}; a call that comes later than that means that this process was held up itself. */
  look(): void {
    const nowMs = this.#parts.nowMs();
    // A suspended laptop, a stopped primary, a host without a CPU to spare: what the workers said meanwhile may still
    // wait to be read, and they may not have run either.
    if (nowMs - this.#lookedAtMs > 2 * LOOK_MS) this.#onTimeSinceMs = nowMs;
    this.#lookedAtMs = nowMs;
    const listening = [...this.#parts.workers()].filter(({ state }) => state === 'listening');
    const heartbeatMs = this.#parts.config.current.heartbeat;
    if (heartbeatMs > 0) for (const worker of listening) this.#endIfSilent(worker, heartbeatMs, nowMs);
    if (!this.#replacing && nowMs >= this.#replaceNotBeforeMs) this.#replaceOne(listening);
  }

  #endIfSilent(worker: W, heartbeatMs: number, nowMs: number): void {
    const silentMs = nowMs - Math.max(worker.heardAtMs, this.#onTimeSinceMs);
    if (silentMs <= heartbeatMs || this.#ended.has(worker)) return;
    this.#ended.add(worker);
    const { slot, pid } = worker;
    this.#parts.journal.note('worker-hanging', { worker: slot, pid, silentMs: Math.round(silentMs) });
    worker.kill('no sign of life');
  }

  #replaceOne(listening: readonly W[]): void {
    for (const worker of listening) {
      const reason = this.#pastLimit(worker);
      if (reason === undefined) continue;
      this.#parts.journal.note('worker-past-limit', { worker: worker.slot, pid: worker.pid, reason });
      void this.#replace(worker);
      return;
    }
  }

  async #replace(worker: W): Promise<void> {
    this.#replacing = true;
    try {
      await this.#parts.replace(worker);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#parts.logger.error('worker could not be replaced', { worker: worker.slot, pid: worker.pid, reason });
      this.#replaceNotBeforeMs = this.#parts.nowMs() + TRY_AGAIN_MS;
    }
    this.#replacing = false;
  }

  #pastLimit(worker: W): string | undefined {
    const { age, memory } = this.#parts.config.current.workerLimits;
    const { ageMs } = worker;
    if (age > 0 && ageMs > age) return `${Math.floor(ageMs / 1_000)} s old`;
    const usedMib = Math.floor(this.#parts.memoryBytes(worker) / MIB);
    return memory > 0 && usedMib > memory && ageMs > YOUNG_MS ? `${usedMib} MiB of memory` : undefined;
  }
}
