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
import type { VirtualClock } from './virtual-clock.js';
import type { World } from './worker.js';

/** From one process to another, in milliseconds. */
const MESSAGE_MS = 1;

interface Suspect {
  record: outlier.OutlierRecord;
  readonly streaks: Map<number, outlier.Streak>;
}

export class SimulatedPrimary {
  readonly #clock: VirtualClock;
  readonly #config: PoolConfig;
  readonly #recorder: Recorder;
  readonly #pool: Pool;
  readonly #suspects = new Map<BackendId, Suspect>();

  /** @param tell hands a change to every worker */
  constructor(name: string, config: PoolConfig, { clock, recorder }: World, tell: (change: PoolChange) => void) {
    this.#clock = clock;
    this.#config = config;
    this.#recorder = recorder;
    const known = config.backends.map((each) => newBackend(each, 'up'));
    this.#pool = new Pool(
      name,
      known,
      () => clock.nowMs,
      (change) => clock.after(MESSAGE_MS, () => tell(change)),
    );
  }

  get snapshot(): PoolSnapshot {
    return this.#pool.snapshot;
  }

  /** Probes `backend` from now on. */
  watch(backend: SimulatedBackend, random: Random): void {
    const { healthCheck } = this.#config;
    let record = health.unprobed('up');
    const next = (): void => this.#clock.after(health.nextProbeInMs(record, healthCheck, random), probe);
    const probe = (): void => {
      const { ok, atMs } = backend.probe(this.#clock.nowMs, healthCheck);
      this.#clock.at(atMs, () => {
        record = health.judge(record, { ok }, healthCheck);
        this.#pool.setHealth(backend.id, record.health, '');
        if (ok) this.#update(backend.id, (before) => outlier.restoreAfterProbe(before, this.#clock.nowMs));
        next();
      });
    };
    next();
  }

  /** A worker has failed `streak` times in a row. */
  failing(workerId: number, id: BackendId, streak: number, reason: outlier.FailureReason): void {
    this.#clock.after(MESSAGE_MS, () => {
      const { nowMs } = this.#clock;
      const { record, streaks } = this.#suspect(id);
      const now = outlier.streakAfter(streaks.get(workerId), streak, nowMs);
      streaks.set(workerId, now);
      if (record.state === 'ejected' || !outlier.isOutlier(now, this.#config.outlier, nowMs)) return;
      if (!outlier.canSpare(this.#pool.snapshot.backends, id)) return;
      streaks.clear();
      this.#recorder.ejected(nowMs);
      this.#update(id, (before) => outlier.eject(before, reason, this.#config.outlier, nowMs));
    });
  }

  /** Changes what is remembered of a backend, and the pool with it. */
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
