/** simulator/worker.ts: one worker: what it knows of the pool and of the load, and its own policy. */
import type { BackendId } from '../../src/core/backend.js';
import { applyChange, type PoolChange } from '../../src/core/snapshot.js';
import type { Dispatch } from '../../workers/dispatch.js';
import type { Upstream } from '../../workers/roster.js';
import type { TimerWheel } from '../../workers/timer-wheel.js';
import { SimulatedRequest, type World } from './request.js';

export class SimulatedWorker {
  readonly #dispatch: Dispatch;
  readonly #wheel: TimerWheel;
  readonly #world: World;
  /** By backend: what `inflight` holds of other workers' requests. */
  readonly #others = new Map<BackendId, number>();

  constructor(dispatch: Dispatch, wheel: TimerWheel, world: World) {
    this.#dispatch = dispatch;
    this.#wheel = wheel;
    this.#world = world;
  }

  /** A change of the pool arrives. */
  receive(change: PoolChange): void {
    const next = applyChange(this.#dispatch.roster.snapshot, change);
    if (next.kind !== 'applied') throw new Error(`A simulated worker missed a change: ${next.kind}`);
    this.#dispatch.install(next.snapshot);
  }

  /** A request arrives. @param key what affinity hashes */
  request(key: string): void {
    new SimulatedRequest(key, this.#dispatch, this.#wheel, this.#world).start();
  }

  /** @returns what this worker itself has in flight */
  inflight(id: BackendId): number {
    const upstream = this.#upstream(id);
    return upstream === undefined ? 0 : upstream.inflight - (this.#others.get(id) ?? 0);
  }

  /** Counts what the other workers have in flight, as far as it is known, as if it were its own. */
  learnOthers(id: BackendId, inflight: number): void {
    const upstream = this.#upstream(id);
    if (upstream !== undefined) upstream.inflight += inflight - (this.#others.get(id) ?? 0);
    this.#others.set(id, inflight);
  }

  /** What the others have is known for all backends: the policy has to look at them anew. */
  learnedOthers(): void {
    this.#dispatch.install(this.#dispatch.roster.snapshot);
  }

  #upstream(id: BackendId): Upstream | undefined {
    return this.#dispatch.roster.counted().find((upstream) => upstream.id === id);
  }
}
