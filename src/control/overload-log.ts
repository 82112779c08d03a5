/** control/overload-log.ts: says when a worker begins to shed load, and when it has caught up. */
import { REASONS } from '../core/reason.js';
import { WORKER_COLUMNS } from '../messages.js';
import type { Counters } from './counters.js';
import type { Journal } from './journal.js';

const ACTIVE = WORKER_COLUMNS.indexOf('overloaded');
const DELAY = WORKER_COLUMNS.indexOf('longestLoopDelayMs');
const SHED = REASONS.indexOf('overloaded');

interface Spell {
  readonly beganMs: number;
  /** Requests so far. */
  readonly shed: number;
}

/** A worker as far as it is spoken of. */
interface Named {
  readonly id: number;
  readonly slot: number;
  readonly pid: number | undefined;
}

export class OverloadLog {
  readonly #journal: Journal;
  readonly #nowMs: () => number;
  /** By worker. */
  readonly #spells = new Map<number, Spell>();

  /** @param nowMs monotonic milliseconds */
  constructor(journal: Journal, nowMs: () => number) {
    this.#journal = journal;
    this.#nowMs = nowMs;
  }

  /** The worker tells what it has counted, which it does once a second. */
  counted({ id, slot, pid }: Named, { worker, reasons }: Counters): void {
    const spell = this.#spells.get(id);
    const shed = (spell?.shed ?? 0) + (reasons[SHED] ?? 0);
    if (worker[ACTIVE] === 0) {
      if (spell === undefined) return;
      this.#spells.delete(id);
      const forMs = Math.round(this.#nowMs() - spell.beganMs);
      return this.#journal.note('worker-recovered', { worker: slot, pid, shed, forMs });
    }
    this.#spells.set(id, { beganMs: spell?.beganMs ?? this.#nowMs(), shed });
    if (spell !== undefined) return;
    this.#journal.note('worker-overloaded', { worker: slot, pid, delayMs: Math.round(worker[DELAY] ?? 0) });
  }

  /** The worker is gone. */
  leave(id: number): void {
    this.#spells.delete(id);
  }
}
