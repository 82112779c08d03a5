/** simulator/worker.ts: one worker with its own snapshot of the pool, its own load and its own policy. */
import type { BackendId } from '../../src/core/backend.js';
import { applyChange, type PoolChange } from '../../src/core/snapshot.js';
import type { Dispatch } from '../../workers/dispatch.js';
import { silentBackends, suspectsAmong } from '../../workers/silence.js';
import type { TimerWheel } from '../../workers/timer-wheel.js';
import type { WorkerBackend } from '../../workers/worker-backend.js';
import { SimulatedRequest, type World } from './request.js';

export class SimulatedWorker {
  readonly #dispatch: Dispatch;
  readonly #wheel: TimerWheel;
  readonly #world: World;
  /** The requests that are at a backend. */
  readonly #waiting = new Set<SimulatedRequest>();
  /** Requests of other workers that are part of `inflight`, by backend. */
  readonly #others = new Map<BackendId, number>();

  constructor(dispatch: Dispatch, wheel: TimerWheel, world: World) {
    this.#dispatch = dispatch;
    this.#wheel = wheel;
    this.#world = world;
  }

  /** Applies a change of the pool. */
  receive(change: PoolChange): void {
    const next = applyChange(this.#dispatch.roster.snapshot, change);
    if (next.kind !== 'applied') throw new Error(`A simulated worker missed a change: ${next.kind}`);
    for (const upstream of this.#dispatch.install(next.snapshot)) {
      // What leaves a backend that is ejected is not simulated.
      if (upstream.health !== 'down') continue;
      for (const request of [...this.#waiting]) if (request.upstream === upstream) request.evacuate();
    }
  }

  /** Looks, once a second, for backends that answer nothing. @returns those that are suspected to hang */
  suspects(): readonly BackendId[] {
    const { roster, config } = this.#dispatch;
    const { nowMs } = this.#world.clock;
    const { silence } = config.healthCheck;
    if (silence === 0) return [];
    const silent = silentBackends(roster.all, silence, nowMs);
    const waits = new Map<WorkerBackend, number>();
    for (const { upstream, sentMs } of this.#waiting) {
      if (upstream !== undefined) waits.set(upstream, Math.max(waits.get(upstream) ?? 0, nowMs - sentMs));
    }
    const suspected = suspectsAmong(silent, roster.all, waits, silence, nowMs);
    for (const upstream of roster.all) {
      upstream.isLookDue = true;
      upstream.counters.take();
      upstream.responses.takeInto([], 0);
    }
    return suspected.map(({ upstream }) => upstream.id);
  }

  /** Starts a request. @param key what affinity hashes */
  request(key: string): void {
    new SimulatedRequest(key, this.#dispatch, this.#wheel, this.#world, this.#waiting).start();
  }

  /** @returns this worker's own requests in flight at a backend */
  inflight(id: BackendId): number {
    const upstream = this.#upstream(id);
    return upstream === undefined ? 0 : upstream.inflight - (this.#others.get(id) ?? 0);
  }

  /** Adds the other workers' requests in flight at a backend to this worker's own. */
  learnOthers(id: BackendId, inflight: number): void {
    const upstream = this.#upstream(id);
    if (upstream !== undefined) upstream.inflight += inflight - (this.#others.get(id) ?? 0);
    this.#others.set(id, inflight);
  }

  /** Makes the policy look at the changed counts; called once {@link learnOthers} was called for every backend. */
  learnedOthers(): void {
    this.#dispatch.install(this.#dispatch.roster.snapshot);
  }

  #upstream(id: BackendId): WorkerBackend | undefined {
    return this.#dispatch.roster.counted().find((upstream) => upstream.id === id);
  }
}
