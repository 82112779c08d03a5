/** control/overload-log.ts: notes when a worker begins to shed load, and when it has caught up. */
import { REASONS } from '../core/reason.js';
import { WORKER_COLUMNS } from '../messages.js';
import type { Counters } from './counters.js';
import type { Journal } from './journal.js';

const ACTIVE = WORKER_COLUMNS.indexOf('overloaded');
const DELAY = WORKER_COLUMNS.indexOf('longestLoopDelayMs');
const SHED = REASONS.indexOf('overloaded');

interface OverloadPeriod {
  readonly beganMs: number;
  /** Requests answered with 503 so far. */
  readonly shed: number;
}

/** A worker as events name it. */
interface WorkerIdentity {
  readonly id: number;
  readonly slot: number;
  readonly pid: number | undefined;
}

export class OverloadLog {
  readonly #journal: Journal;
  readonly #nowMs: () => number;
  /** Overloaded workers by their ids. */
  readonly #periods = new Map<number, OverloadPeriod>();

  /** @param nowMs monotonic milliseconds */
  constructor(journal: Journal, nowMs: () => number) {
    this.#journal = journal;
    this.#nowMs = nowMs;
  }

  /** Takes a worker's counters, which come once a second. */
  counted({ id, slot, pid }: WorkerIdentity, { worker, reasons }: Counters): void {
    const period = this.#periods.get(id);
    const shed = (period?.shed ?? 0) + (reasons[SHED] ?? 0);
    if (worker[ACTIVE] === 0) {
      if (period === undefined) return;
      this.#periods.delete(id);
      const forMs = Math.round(this.#nowMs() - period.beganMs);
      return this.#journal.note('worker-recovered', { worker: slot, pid, shed, forMs });
    }
    this.#periods.set(id, { beganMs: period?.beganMs ?? this.#nowMs(), shed });
    if (period !== undefined) return;
    this.#journal.note('worker-overloaded', { worker: slot, pid, delayMs: Math.round(worker[DELAY] ?? 0) });
  }

  /** Forgets a worker that is gone. */
  leave(id: number): void {
    this.#periods.delete(id);
  }
}
