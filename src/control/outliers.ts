/**
 * control/outliers.ts: ejects a backend on which requests keep failing, and restores it when its ejection is over.
 * Workers report failures, success-rates.ts compares backends, core/outlier.ts decides; this file keeps streaks,
 * records and timers.
 */
import type { BackendId } from '../core/backend.js';
import * as core from '../core/outlier.js';
import type { Straggler } from '../core/success-rate.js';
import type { ToPrimary } from '../messages.js';
import type { Journal } from './journal.js';
import type { Pool } from './pool.js';

/** A worker's report of a streak of failures. */
export type Failing = Extract<ToPrimary, { type: 'failing' }>;

/** What is remembered of a backend that has failed. */
interface Suspect {
  record: core.OutlierRecord;
  /** How often the backend was ejected since it joined the pool. */
  ejected: number;
  /** Consecutive failures by worker id; each worker counts its own requests. */
  readonly failures: Map<number, core.Streak>;
  /** Consecutive gateway errors by worker id. */
  readonly gatewayErrors: Map<number, core.Streak>;
  /** Ends the ejection. */
  timer: NodeJS.Timeout | undefined;
  /** The rule or limit, broken by a response, that was last noted in the journal; '' before one was. */
  notedFault: string;
  /** When it was noted, in monotonic milliseconds. */
  notedMs: number;
}

/** Least time between two notes of the same fault of a backend, in milliseconds. */
const SAME_FAULT_MS = 60_000;

export class Outliers {
  readonly #nowMs: () => number;
  readonly #journal: Journal;
  readonly #suspects = new Map<Pool, Map<BackendId, Suspect>>();

  /** @param nowMs monotonic milliseconds */
  constructor(nowMs: () => number, journal: Journal) {
    this.#nowMs = nowMs;
    this.#journal = journal;
  }

  /** Takes a worker's report of consecutive failures. @param limits the ejection settings of the pool */
  report(workerId: number, pool: Pool, { id, streak, reason, fault }: Failing, limits: core.OutlierLimits): void {
    if (pool.backend(id) === undefined) return;
    const nowMs = this.#nowMs();
    const suspect = this.#suspect(pool, id);
    if (fault !== '')
      this.#noteFault(
        pool,
        id,
        suspect,
        fault,
        nowMs,
        reason === 'bad-response' ? 'invalid-response' : 'backend-tls-failed',
      );
    const streaks = reason === 'gateway-error' ? suspect.gatewayErrors : suspect.failures;
    const now = core.streakAfter(streaks.get(workerId), reason, streak, nowMs);
    streaks.set(workerId, now);
    if (suspect.record.state === 'ejected' || !core.isOutlier(now, limits, nowMs)) return;
    if (this.#isCommonCause(pool, limits, nowMs)) return this.#pardonAll(pool, nowMs);
    const kind = fault === '' ? reason : `${reason}: ${fault}`;
    this.#eject(pool, id, reason, `${streak} failures in a row (${kind})`, limits);
  }

  /** Takes a worker's report of a response that broke a limit of ours, for which the backend is not blamed. */
  reportFault(pool: Pool, id: BackendId, fault: string): void {
    if (pool.backend(id) !== undefined)
      this.#noteFault(pool, id, this.#suspect(pool, id), fault, this.#nowMs(), 'invalid-response');
  }

  /** Ejects a backend whose requests succeed clearly less often than those of the others. */
  straggles(pool: Pool, { id, rate, mean }: Straggler, limits: core.OutlierLimits): void {
    const why = `${percent(rate)} of its requests succeed, ${percent(mean)} of all (success-rate)`;
    this.#eject(pool, id, 'success-rate', why, limits);
  }

  /** Takes note that probes found an ejected backend down as well: a successful probe may then restore it. */
  wentDown(pool: Pool, id: BackendId): void {
    const suspect = this.#suspects.get(pool)?.get(id);
    if (suspect !== undefined) suspect.record = core.confirmByProbes(suspect.record);
  }

  /** Restores an ejected backend after a successful probe, where probes can tell that its cause is gone. */
  probeSucceeded(pool: Pool, id: BackendId): void {
    const suspect = this.#suspects.get(pool)?.get(id);
    if (suspect === undefined) return;
    this.#restore(pool, id, suspect, core.restoreAfterProbe(suspect.record, this.#nowMs()), 'a probe succeeded');
  }

  /** @returns how many ejections still count against the backend */
  ejections(pool: Pool, id: BackendId): number {
    return this.#suspects.get(pool)?.get(id)?.record.ejections ?? 0;
  }

  /** @returns how long the backend stays ejected, in milliseconds; `undefined` for one that is not */
  ejectedForMs(pool: Pool, id: BackendId): number | undefined {
    const record = this.#suspects.get(pool)?.get(id)?.record;
    return record?.state === 'ejected' ? Math.max(0, record.untilMs - this.#nowMs()) : undefined;
  }

  /** @returns how often the backend was ejected since it joined */
  timesEjected(pool: Pool, id: BackendId): number {
    return this.#suspects.get(pool)?.get(id)?.ejected ?? 0;
  }

  /** Forgets the streaks of a worker that is gone. */
  leave(workerId: number): void {
    for (const suspects of this.#suspects.values()) {
      for (const suspect of suspects.values()) for (const streaks of kinds(suspect)) streaks.delete(workerId);
    }
  }

  /** Forgets a backend that has left its pool. */
  forget(pool: Pool, id: BackendId): void {
    const suspects = this.#suspects.get(pool);
    clearTimeout(suspects?.get(id)?.timer);
    suspects?.delete(id);
    if (suspects?.size === 0) this.#suspects.delete(pool);
  }

  /** Stops all timers: no backend is restored any more. */
  stop(): void {
    for (const [pool, suspects] of this.#suspects) for (const id of [...suspects.keys()]) this.forget(pool, id);
  }

  /** Notes in the journal that a response was invalid, or TLS failed, once in a while for the same fault. */
  #noteFault(
    pool: Pool,
    id: BackendId,
    suspect: Suspect,
    fault: string,
    nowMs: number,
    event: 'invalid-response' | 'backend-tls-failed',
  ): void {
    if (suspect.notedFault === fault && nowMs - suspect.notedMs < SAME_FAULT_MS) return;
    suspect.notedFault = fault;
    suspect.notedMs = nowMs;
    this.#journal.note(event, { pool: pool.name, backend: id, fault });
  }

  #isCommonCause(pool: Pool, limits: core.OutlierLimits, nowMs: number): boolean {
    return core.isCommonCause(pool.snapshot.backends, (id) => {
      const suspect = this.#suspects.get(pool)?.get(id);
      const streaks = suspect === undefined ? [] : kinds(suspect).flatMap((byWorker) => [...byWorker.values()]);
      return streaks.some((streak) => core.isOutlier(streak, limits, nowMs));
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
    const suspect = suspects.get(id) ?? newSuspect();
    suspects.set(id, suspect);
    return suspect;
  }

  /** Ejects a backend, unless it is needed, for a time that its record decides. @param why the reason for a person */
  #eject(pool: Pool, id: BackendId, reason: core.EjectionReason, why: string, limits: core.OutlierLimits): void {
    if (!core.canSpare(pool.snapshot.backends, id)) return;
    const suspect = this.#suspect(pool, id);
    suspect.record = core.eject(suspect.record, reason, limits, this.#nowMs());
    if (suspect.record.state !== 'ejected') return;
    suspect.ejected += 1;
    for (const streaks of kinds(suspect)) streaks.clear();
    const forMs = suspect.record.untilMs - this.#nowMs();
    // A timer may fire a little early; the record decides by the clock, so ask again until it agrees.
    const whenDue = (): void => {
      const next = core.restoreWhenDue(suspect.record, this.#nowMs());
      if (next.state === 'in') this.#restore(pool, id, suspect, next, 'its time is over');
      else suspect.timer = setTimeout(whenDue, 1);
    };
    suspect.timer = setTimeout(whenDue, forMs);
    this.#journal.note('backend-ejected', { pool: pool.name, backend: id, reason, why, forMs: Math.round(forMs) });
    pool.setOutlier(id, 'ejected', why);
  }

  #restore(pool: Pool, id: BackendId, suspect: Suspect, next: core.OutlierRecord, reason: string): void {
    if (next.state !== 'in' || suspect.record.state === 'in') return;
    clearTimeout(suspect.timer);
    suspect.record = next;
    this.#journal.note('backend-restored', { pool: pool.name, backend: id, reason });
    pool.setOutlier(id, 'in', reason);
  }
}

function newSuspect(): Suspect {
  return {
    record: core.NEVER_EJECTED,
    ejected: 0,
    failures: new Map(),
    gatewayErrors: new Map(),
    timer: undefined,
    notedFault: '',
    notedMs: 0,
  };
}

/** @returns the streaks of a backend of each kind, by worker id */
function kinds({ failures, gatewayErrors }: Suspect): readonly Map<number, core.Streak>[] {
  return [failures, gatewayErrors];
}

function percent(rate: number): string {
  return `${(rate * 100).toFixed(1)} %`;
}
