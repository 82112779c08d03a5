/**
 * control/worker-watch.ts: checks the workers once a second. A worker that is silent for too long hangs (an endless
 * loop, a stopped process): it is killed, and replaced like one that died. A worker past its limit of age or memory
 * still works: its replacement starts first, and only one worker is replaced at a time.
 */
import type { Journal } from './journal.js';
import type { Logger } from './logger.js';
import type { CurrentConfig } from './running-config.js';
import type { WorkerState } from './worker-process.js';

/** What the watch needs to know of a worker. */
export interface WatchedWorker {
  readonly slot: number;
  readonly pid: number | undefined;
  readonly state: WorkerState;
  readonly ageMs: number;
  /** When its last message came, in monotonic milliseconds; its counters come once a second. */
  readonly heardAtMs: number;
  /** Ends the worker at once. */
  kill(reason: string): void;
}

export interface WorkerWatchParts<W extends WatchedWorker> {
  readonly config: CurrentConfig<'heartbeat' | 'workerLimits'>;
  readonly workers: () => Iterable<W>;
  readonly memoryBytes: (worker: W) => number;
  /**
   * Replaces a worker, replacement first. Settles when `worker` is gone. @throws {Error} when the replacement does not
   * start
   */
  readonly replace: (worker: W) => Promise<void>;
  readonly logger: Logger;
  readonly journal: Journal;
  /** @returns monotonic milliseconds */
  readonly nowMs: () => number;
}

const LOOK_MS = 1_000;
/**
 * Age below which a worker's memory is not judged, in milliseconds: with a limit that is too low, workers would be
 * replaced without end.
 */
const YOUNG_MS = 60_000;
/** Pause after a replacement that did not start, in milliseconds. */
const TRY_AGAIN_MS = 60_000;
const MIB = 1_048_576;

export class WorkerWatch<W extends WatchedWorker> {
  readonly #parts: WorkerWatchParts<W>;
  /** Workers that were killed for their silence; it may take a moment until they are gone. */
  readonly #ended = new WeakSet<W>();
  #timer: NodeJS.Timeout | undefined;
  #lookedAtMs = 0;
  /** Since when this process has run on time, in monotonic milliseconds; silence before that may be its own fault. */
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

  /** Checks the workers. Called every {@link LOOK_MS}; a late call means that this process itself was held up. */
  look(): void {
    const nowMs = this.#parts.nowMs();
    // A suspended laptop, a stopped primary or an overloaded host: messages of the workers may still wait to be read,
    // and the workers may not have run either.
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
