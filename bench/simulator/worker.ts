/**
 * simulator/worker.ts: one worker. How it chooses a backend, counts, reports failures and retries is the product's own
 * code; only sockets are missing.
 */
import type { BackendId } from '../../src/core/backend.js';
import type { FailureReason } from '../../src/core/outlier.js';
import { afterFailure } from '../../src/core/retry.js';
import { applyChange, type PoolChange } from '../../src/core/snapshot.js';
import type { Dispatch, Seeker, Upstream } from '../../workers/dispatch.js';
import type { TimerWheel } from '../../workers/timer-wheel.js';
import type { Answer, SimulatedBackend } from './backend.js';
import type { Recorder } from './recorder.js';
import type { VirtualClock } from './virtual-clock.js';

/** What all workers of a run have in common. */
export interface World {
  readonly clock: VirtualClock;
  readonly backends: readonly SimulatedBackend[];
  readonly recorder: Recorder;
  readonly patienceMs: number;
}

interface Request extends Seeker {
  readonly startMs: number;
  readonly tried: Set<BackendId>;
  again: boolean;
  attempts: number;
}

export class SimulatedWorker {
  readonly #dispatch: Dispatch;
  readonly #wheel: TimerWheel;
  readonly #world: World;
  /** By backend: what `inflight` holds of other workers' requests. */
  readonly #others = new Map<BackendId, number>();

  /** @param wheel the coarse clock by which a worker counts, as in the product */
  constructor(dispatch: Dispatch, wheel: TimerWheel, world: World) {
    this.#dispatch = dispatch;
    this.#wheel = wheel;
    this.#world = world;
  }

  /** A change of the pool arrives. */
  receive(change: PoolChange): void {
    const next = applyChange(this.#dispatch.snapshot, change);
    if (next.kind !== 'applied') throw new Error(`A simulated worker missed a change: ${next.kind}`);
    this.#dispatch.install(next.snapshot);
  }

  /** A request arrives. @param key what affinity hashes */
  request(key: string): void {
    this.#dispatch.budget.onRequest(this.#wheel.now);
    const startMs = this.#world.clock.nowMs;
    this.#attempt({ key, startMs, tried: new Set(), again: false, fresh: false, attempts: 0 });
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
    this.#dispatch.install(this.#dispatch.snapshot);
  }

  #upstream(id: BackendId): Upstream | undefined {
    return this.#dispatch.counted().find((upstream) => upstream.id === id);
  }

  #attempt(request: Request): void {
    const { clock, backends, recorder, patienceMs } = this.#world;
    const upstream = this.#dispatch.choose(request);
    // Nobody to try: the request has failed, as far as the recorder knows it has just not been answered.
    if (typeof upstream === 'string') return;
    const index = backends.findIndex(({ id }) => id === upstream.id);
    const backend = backends[index];
    if (backend === undefined) return;
    const answer = backend.serve(clock.nowMs);
    backend.open++;
    request.attempts++;
    const askedAtMs = clock.nowMs;
    recorder.attempted(clock.nowMs, index, request.attempts === 1, answer.waits && this.#hasIdle());
    const goneAtMs = request.startMs + patienceMs;
    const lateAtMs = clock.nowMs + this.#dispatch.config.timeouts.responseHead;
    const endMs = Math.min(answer.atMs, goneAtMs, lateAtMs);
    clock.at(endMs, () => {
      backend.open--;
      this.#dispatch.release(upstream);
      const gone = endMs !== answer.atMs && endMs !== lateAtMs;
      if (this.#dispatch.timed && !gone) {
        this.#dispatch.took(upstream, endMs - askedAtMs, endMs === answer.atMs && answer.kind === 'ok', endMs);
      }
      if (endMs === answer.atMs) this.#ended(request, upstream, answer);
      else if (!gone) this.#failed(request, upstream, 'timeout', true);
    });
  }

  #ended(request: Request, upstream: Upstream, { kind, atMs }: Answer): void {
    switch (kind) {
      case 'ok':
        this.#dispatch.succeeded(upstream);
        return this.#world.recorder.answered(request.startMs, atMs);
      case 'error':
        return this.#dispatch.succeeded(upstream);
      case 'connect':
      case 'reset':
        return this.#failed(request, upstream, kind, false);
    }
  }

  #failed(request: Request, upstream: Upstream, reason: FailureReason, late: boolean): void {
    const nowMs = this.#wheel.now;
    const { budget, config } = this.#dispatch;
    this.#dispatch.failed(upstream, reason, nowMs);
    const failed = { reason, late, reused: false, attempts: request.attempts };
    const get = { idempotent: true, kept: true, freshStart: false };
    const step = afterFailure(failed, get, config.retries.count, () => budget.tryRetry(nowMs));
    request.tried.add(upstream.id);
    request.again = step === 'elsewhere-first';
    if (step !== 'give-up') this.#attempt(request);
  }

  #hasIdle(): boolean {
    const { backends, clock } = this.#world;
    return backends.some((backend) => backend.isIdle(clock.nowMs));
  }
}
