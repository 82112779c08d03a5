/**
 * simulator/primary.ts: the primary's part: probes, ejections, and telling the workers. It decides by src/core and
 * keeps the pool in the product's own `Pool`; its timers are the virtual clock's.
 */
import type { PoolConfig } from '../../src/config/schema.js';
import { newBackend, Pool } from '../../src/control/pool.js';
import type { BackendId } from '../../src/core/backend.js';
import * as health from '../../src/core/health.js';
import * as outlier from '../../src/core/outlier.js';
import type { Random } from '../../src/core/random.js';
import type { PoolChange, PoolSnapshot } from '../../src/core/snapshot.js';
import type { SimulatedBackend } from './backend.js';
import type { Recorder } from './recorder.js';
import type { World } from './request.js';
import type { VirtualClock } from './virtual-clock.js';

/** Delay of a message between two processes, in milliseconds. */
const MESSAGE_MS = 1;

/** Least time between two probes that a failed connection asks for, in milliseconds. */
const SOON_APART_MS = 1_000;
/** Least time between two questions if a backend is alive, in milliseconds. */
const ASKS_APART_MS = 1_000;

interface Watch {
  readonly backend: SimulatedBackend;
  readonly random: Random;
  record: health.HealthRecord;
  lastAtMs: number;
  /** When the next probe begins; 0 while one is under way. */
  dueAtMs: number;
  /** When it was last asked if it is alive. */
  askedAtMs: number;
  /** It did not answer that, and is asked until it does. */
  suspected: boolean;
}

interface Suspect {
  record: outlier.OutlierRecord;
  readonly streaks: Map<number, outlier.Streak>;
}

export class SimulatedPrimary {
  readonly #clock: VirtualClock;
  readonly #config: PoolConfig;
  readonly #recorder: Recorder;
  readonly #pool: Pool;
  readonly #watches = new Map<BackendId, Watch>();
  readonly #suspects = new Map<BackendId, Suspect>();

  /** @param tell passes a change of the pool to every worker */
  constructor(name: string, config: PoolConfig, { clock, recorder }: World, tell: (change: PoolChange) => void) {
    this.#clock = clock;
    this.#config = config;
    this.#recorder = recorder;
    const known = config.backends.map((each) => newBackend(each, 'up'));
    this.#pool = new Pool(
      name,
      known,
      config.panic,
      () => clock.nowMs,
      (change) => clock.after(MESSAGE_MS, () => tell(change)),
    );
  }

  get snapshot(): PoolSnapshot {
    return this.#pool.snapshot;
  }

  /** Probes `backend` from now on. @param random spreads the probes */
  watch(backend: SimulatedBackend, random: Random): void {
    const times = { lastAtMs: 0, dueAtMs: 0, askedAtMs: Number.NEGATIVE_INFINITY };
    const watch: Watch = { backend, random, record: health.unprobed('up'), ...times, suspected: false };
    this.#watches.set(backend.id, watch);
    this.#probeAt(watch, this.#clock.nowMs + health.spreadProbeInMs(watch.record, this.#config.healthCheck, random));
  }

  /** A worker has failed `streak` times in a row. */
  failing(workerId: number, id: BackendId, streak: number, reason: outlier.StreakReason): void {
    this.#clock.after(MESSAGE_MS, () => {
      const { nowMs } = this.#clock;
      const { record, streaks } = this.#suspect(id);
      const now = outlier.streakAfter(streaks.get(workerId), reason, streak, nowMs);
      streaks.set(workerId, now);
      if (reason === 'connect') this.#probeSoon(id);
      if (record.state === 'ejected' || !outlier.isOutlier(now, this.#config.outlier, nowMs)) return;
      if (this.#isCommonCause(nowMs)) return this.#pardonAll(nowMs);
      if (!outlier.canSpare(this.#pool.snapshot.backends, id)) return;
      streaks.clear();
      this.#recorder.ejected(nowMs);
      this.#update(id, (before) => outlier.eject(before, reason, this.#config.outlier, nowMs));
    });
  }

  /** A worker has requests that wait on a silent backend. */
  suspect(id: BackendId): void {
    this.#clock.after(MESSAGE_MS, () => {
      const watch = this.#watches.get(id);
      if (watch === undefined || watch.record.health === 'down') return;
      if (this.#clock.nowMs - watch.askedAtMs >= ASKS_APART_MS) this.#ask(watch);
    });
  }

  /** Asks a backend if it is alive, as control/health-scheduler.ts does. */
  #ask(watch: Watch): void {
    const { healthCheck } = this.#config;
    watch.askedAtMs = this.#clock.nowMs;
    const { ok, atMs } = watch.backend.ask(this.#clock.nowMs, healthCheck);
    this.#clock.at(atMs, () => {
      const wasSuspected = watch.suspected;
      watch.suspected = !ok;
      if (ok) return wasSuspected ? this.#probeAt(watch, this.#clock.nowMs) : undefined;
      watch.record = { health: 'down', ok: false, inARow: healthCheck.fall };
      watch.dueAtMs = 0;
      if (this.#pool.setHealth(watch.backend.id, 'down', '') !== undefined)
        this.#update(watch.backend.id, outlier.confirmByProbes);
      this.#clock.at(Math.max(this.#clock.nowMs, watch.askedAtMs + ASKS_APART_MS), () => this.#ask(watch));
    });
  }

  #isCommonCause(nowMs: number): boolean {
    return outlier.isCommonCause(this.#pool.snapshot.backends, (id) =>
      [...this.#suspect(id).streaks.values()].some((streak) => outlier.isOutlier(streak, this.#config.outlier, nowMs)),
    );
  }

  #pardonAll(nowMs: number): void {
    for (const id of this.#suspects.keys()) this.#update(id, (before) => outlier.pardon(before, nowMs));
  }

  #probeAt(watch: Watch, atMs: number): void {
    watch.dueAtMs = atMs;
    this.#clock.at(atMs, () => {
      if (watch.dueAtMs === atMs) this.#probe(watch);
    });
  }

  #probe(watch: Watch): void {
    const { healthCheck } = this.#config;
    const { ok, atMs } = watch.backend.probe(this.#clock.nowMs, healthCheck);
    watch.lastAtMs = this.#clock.nowMs;
    // The next probe is scheduled when this one has ended.
    watch.dueAtMs = 0;
    this.#clock.at(atMs, () => {
      watch.record = health.judge(watch.record, { ok }, healthCheck);
      const turned = this.#pool.setHealth(watch.backend.id, watch.record.health, '') !== undefined;
      if (turned && watch.record.health === 'down') this.#update(watch.backend.id, outlier.confirmByProbes);
      if (ok) this.#update(watch.backend.id, (before) => outlier.restoreAfterProbe(before, this.#clock.nowMs));
      // As in control/health-scheduler.ts, the interval counts from start to start, so a hung backend is probed as often.
      const dueAtMs = watch.lastAtMs + health.nextProbeInMs(watch.record, healthCheck, watch.random);
      this.#probeAt(watch, Math.max(this.#clock.nowMs, dueAtMs));
    });
  }

  /** Probes early because a request could not connect, as `soon` of control/health-scheduler.ts does. */
  #probeSoon(id: BackendId): void {
    const watch = this.#watches.get(id);
    const dueAtMs = Math.max(this.#clock.nowMs, (watch?.lastAtMs ?? 0) + SOON_APART_MS);
    if (watch !== undefined && dueAtMs < watch.dueAtMs) this.#probeAt(watch, dueAtMs);
  }

  /** Changes the outlier record of a backend, and its state in the pool. */
  #update(id: BackendId, change: (before: outlier.OutlierRecord) => outlier.OutlierRecord): void {
    const suspect = this.#suspect(id);
    const before = suspect.record;
    suspect.record = change(before);
    if (suspect.record.state === before.state) return;
    this.#pool.setOutlier(id, suspect.record.state, '');
    if (suspect.record.state !== 'ejected') return;
    const dueMs = suspect.record.untilMs;
    this.#clock.at(dueMs, () => this.#update(id, (now) => outlier.restoreWhenDue(now, this.#clock.nowMs)));
  }

  #suspect(id: BackendId): Suspect {
    const suspect = this.#suspects.get(id) ?? { record: outlier.NEVER_EJECTED, streaks: new Map() };
    this.#suspects.set(id, suspect);
    return suspect;
  }
}
