/**
 * control/outliers.ts: ejects a backend on which real requests keep failing, and restores it when its time is over.
 * Workers report, core/outlier decides, this keeps the streaks, the records and the timers.
 */
import type { PoolConfig } from '../config/schema.js';
import type { BackendId } from '../core/backend.js';
import * as core from '../core/outlier.js';
import type { ToPrimary } from '../messages.js';
import type { Journal } from './journal.js';
import type { Pool } from './pool.js';

export type Failing = Extract<ToPrimary, { type: 'failing' }>;

interface Suspect {
  record: core.OutlierRecord;
  /** By worker: each counts its own requests in a row. */
  readonly streaks: Map<number, core.Streak>;
  timer: NodeJS.Timeout | undefined;
}

export class Outliers {
  readonly #nowMs: () => number;
  readonly #journal: Journal;
  readonly #suspects = new Map<Pool, Map<BackendId, Suspect>>();

  /** @param nowMs monotonic milliseconds */
  constructor(nowMs: () => number, journal: Journal) {
    this.#nowMs = nowMs;
    this.#journal = journal;
  }

  /** @param limits of the backend's pool */
  report(workerId: number, pool: Pool, { id, streak, reason }: Failing, limits: PoolConfig['outlier']): void {
    if (pool.backend(id) === undefined) return;
    const nowMs = this.#nowMs();
    const suspect = this.#suspect(pool, id);
    const now = core.streakAfter(suspect.streaks.get(workerId), streak, nowMs);
    suspect.streaks.set(workerId, now);
    if (suspect.record.state === 'ejected' || !core.isOutlier(now, limits, nowMs)) return;
    if (this.#isCommonCause(pool, limits, nowMs)) return this.#pardonAll(pool, nowMs);
    if (!core.canSpare(pool.snapshot.backends, id)) return;
    suspect.record = core.eject(suspect.record, reason, limits, nowMs);
    suspect.streaks.clear();
    this.#eject(pool, id, suspect, reason, streak);
  }

  /** Probes found it down as well: what they say counts from now on. */
  wentDown(pool: Pool, id: BackendId): void {
    const suspect = this.#suspects.get(pool)?.get(id);
    if (suspect !== undefined) suspect.record = core.confirmByProbes(suspect.record);
  }

  /** A probe that succeeds brings back at once what probes had seen failing. */
  probeSucceeded(pool: Pool, id: BackendId): void {
    const suspect = this.#suspects.get(pool)?.get(id);
    if (suspect === undefined) return;
    this.#restore(pool, id, suspect, core.restoreAfterProbe(suspect.record, this.#nowMs()), 'a probe succeeded');
  }

  /** @returns how many ejections still count against the backend */
  ejections(pool: Pool, id: BackendId): number {
    return this.#suspects.get(pool)?.get(id)?.record.ejections ?? 0;
  }

  /** Its streaks end with the worker. */
  leave(workerId: number): void {
    for (const suspects of this.#suspects.values()) {
      for (const { streaks } of suspects.values()) streaks.delete(workerId);
    }
  }

  forget(pool: Pool, id: BackendId): void {
    const suspects = this.#suspects.get(pool);
    clearTimeout(suspects?.get(id)?.timer);
    suspects?.delete(id);
  }

  /** Nobody is restored any more. */
  stop(): void {
    for (const [pool, suspects] of this.#suspects) for (const id of [...suspects.keys()]) this.forget(pool, id);
  }

  #isCommonCause(pool: Pool, limits: PoolConfig['outlier'], nowMs: number): boolean {
    return core.isCommonCause(pool.snapshot.backends, (id) => {
      const streaks = this.#suspects.get(pool)?.get(id)?.streaks.values() ?? [];
      return [...streaks].some((streak) => core.isOutlier(streak, limits, nowMs));
    });
  }

  #pardonAll(pool: Pool, nowMs: number): void {
    for (const [id, suspect] of this.#suspects.get(pool) ?? []) {
      this.#restore(pool, id, suspect, core.pardon(suspect.record, nowMs), 'all backends fail');
    }
  }

  #suspect(pool: Pool, id: BackendId): Suspect {
    const suspects = this.#suspects.get(pool) ?? new Map<BackendId, Suspect>();
    this.#suspects.set(pool, suspects);
    const suspect = suspects.get(id) ?? { record: core.NEVER_EJECTED, streaks: new Map(), timer: undefined };
    suspects.set(id, suspect);
    return suspect;
  }

  #eject(pool: Pool, id: BackendId, suspect: Suspect, reason: core.FailureReason, streak: number): void {
    if (suspect.record.state !== 'ejected') return;
    const forMs = suspect.record.untilMs - this.#nowMs();
    // A timer may fire a little early; the record decides by the clock, so ask again until it agrees.
    const whenDue = (): void => {
      const next = core.restoreWhenDue(suspect.record, this.#nowMs());
      if (next.state === 'in') this.#restore(pool, id, suspect, next, 'its time is over');
      else suspect.timer = setTimeout(whenDue, 1);
    };
    suspect.timer = setTimeout(whenDue, forMs);
    this.#journal.note('backend-ejected', { pool: pool.name, backend: id, reason, streak, forMs: Math.round(forMs) });
    pool.setOutlier(id, 'ejected', `${streak} failures in a row (${reason})`);
  }

  #restore(pool: Pool, id: BackendId, suspect: Suspect, next: core.OutlierRecord, reason: string): void {
    if (next.state !== 'in' || suspect.record.state === 'in') return;
    clearTimeout(suspect.timer);
    suspect.record = next;
    this.#journal.note('backend-restored', { pool: pool.name, backend: id, reason });
    pool.setOutlier(id, 'in', reason);
  }
}
