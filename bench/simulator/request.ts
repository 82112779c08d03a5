/**
 * simulator/request.ts: one request and its attempts: workers/http/exchange.ts without the bytes. When it may be sent,
 * wait or be tried again is decided by the product's own code; only the sockets are missing.
 */
import type { LatencyOutcome } from '../../src/balancing/latency.js';
import type { BackendId } from '../../src/core/backend.js';
import type { FailureReason } from '../../src/core/outlier.js';
import { afterFailure } from '../../src/core/retry.js';
import type { Affinity, Dispatch, QueuedRequest } from '../../workers/dispatch.js';
import type { TimerWheel } from '../../workers/timer-wheel.js';
import type { Ticket } from '../../workers/wait-queue.js';
import type { WorkerBackend } from '../../workers/worker-backend.js';
import type { Answer, SimulatedBackend } from './backend.js';
import type { Recorder } from './recorder.js';
import type { VirtualClock } from './virtual-clock.js';

/** What the requests of a run share. */
export interface World {
  readonly clock: VirtualClock;
  readonly backends: readonly SimulatedBackend[];
  readonly recorder: Recorder;
  readonly patienceMs: number;
}

/** Every request is a GET, which may be repeated and has no body. */
const GET = { idempotent: true, kept: true, freshStart: false } as const;

export class SimulatedRequest implements QueuedRequest {
  readonly affinity: Affinity;
  readonly tried = new Set<BackendId>();
  again = false;
  readonly fresh = false;
  /** The backend that the request is at; `undefined` while it is at none. */
  upstream: WorkerBackend | undefined;
  /** When it was sent there, in milliseconds of the virtual clock. */
  sentMs = 0;
  readonly #dispatch: Dispatch;
  /** The worker's timer wheel, whose coarse clock retry budgets and streaks use. */
  readonly #wheel: TimerWheel;
  readonly #world: World;
  readonly #startMs: number;
  /** When the client gives up. */
  readonly #goneMs: number;
  #attempts = 0;
  /** The request's place in the queue while it waits there. */
  #place: Ticket<QueuedRequest> | undefined;

  /** Its worker's requests that are at a backend. */
  readonly #waiting: Set<SimulatedRequest>;
  #backend: SimulatedBackend | undefined;

  constructor(key: string, dispatch: Dispatch, wheel: TimerWheel, world: World, waiting: Set<SimulatedRequest>) {
    this.affinity = { key, bound: undefined };
    this.#dispatch = dispatch;
    this.#wheel = wheel;
    this.#world = world;
    this.#waiting = waiting;
    this.#startMs = world.clock.nowMs;
    this.#goneMs = this.#startMs + world.patienceMs;
  }

  get clientKey(): string {
    return this.affinity.key;
  }

  start(): void {
    this.#dispatch.budget.onRequest(this.#wheel.now);
    this.#attempt();
  }

  onSlot(upstream: WorkerBackend): void {
    this.#place = undefined;
    this.#sendTo(upstream);
  }

  /** The request has failed. The recorder counts only what was answered. */
  onRefused(): void {
    this.#place = undefined;
  }

  /** Its backend is out of use: it is tried at another one, out of no budget. */
  evacuate(): void {
    const { upstream } = this;
    if (upstream === undefined) return;
    this.#leave(upstream);
    this.#goOn('evacuated', upstream);
  }

  #attempt(): void {
    const choice = this.#dispatch.choose(this, this.affinity);
    if (typeof choice !== 'string') this.#sendTo(choice);
    else if (choice === 'full') this.#wait();
  }

  #wait(): void {
    const place = this.#dispatch.wait(this);
    if (typeof place === 'string') return;
    this.#place = place;
    this.#world.clock.at(this.#goneMs, () => {
      if (this.#place === place) this.#dispatch.leaveQueue(place);
    });
  }

  #sendTo(upstream: WorkerBackend): void {
    const { clock, backends, recorder } = this.#world;
    const index = backends.findIndex(({ id }) => id === upstream.id);
    const backend = backends[index];
    if (backend === undefined) throw new Error(`There is no simulated backend "${upstream.id}"`);
    const sentMs = clock.nowMs;
    this.sentMs = sentMs;
    this.upstream = upstream;
    this.#backend = backend;
    this.#waiting.add(this);
    const attempt = this.#attempts + 1;
    const answer = backend.serve(sentMs);
    this.#attempts++;
    backend.open++;
    const avoidable = answer.waits && backends.some((other) => other.isIdle(sentMs));
    recorder.attempted(sentMs, index, avoidable);
    if (this.#attempts === 1) recorder.chosen(sentMs, index, this.affinity.key);
    const lateMs = sentMs + this.#dispatch.config.timeouts.responseHead;
    clock.at(Math.min(answer.atMs, this.#goneMs, lateMs), () => {
      // It may have been sent elsewhere meanwhile.
      if (this.upstream !== upstream || this.#attempts !== attempt) return;
      this.#leave(upstream);
      if (clock.nowMs === answer.atMs) this.#onAnswer(upstream, answer, sentMs);
      else if (clock.nowMs === lateMs) this.#onFailure(upstream, 'timeout', sentMs);
      else this.#time(upstream, 'outwaited', sentMs);
    });
  }

  #leave(upstream: WorkerBackend): void {
    if (this.#backend !== undefined) this.#backend.open--;
    this.#backend = undefined;
    this.upstream = undefined;
    this.#waiting.delete(this);
    this.#dispatch.release(upstream);
  }

  #onAnswer(upstream: WorkerBackend, { kind, atMs }: Answer, sentMs: number): void {
    if (kind === 'connect' || kind === 'reset') return this.#onFailure(upstream, kind, sentMs);
    this.#time(upstream, kind === 'ok' ? 'answered' : 'failed', sentMs);
    this.#dispatch.streaks.succeeded(upstream);
    if (kind === 'ok' && upstream.isLookDue) this.#dispatch.streaks.serves(upstream, this.#wheel.now, this);
    this.#dispatch.answered(upstream, kind === 'ok' ? 200 : 503, this.#wheel.now, this);
    upstream.responses.add(atMs - sentMs);
    if (kind === 'ok') this.#world.recorder.answered(this.#startMs, atMs);
  }

  #onFailure(upstream: WorkerBackend, reason: FailureReason, sentMs: number): void {
    this.#time(upstream, 'failed', sentMs);
    this.#dispatch.streaks.failed(upstream, reason, this.#wheel.now, this);
    this.#goOn(reason, upstream);
  }

  #goOn(reason: FailureReason | 'evacuated', upstream: WorkerBackend): void {
    const failed = { reason, reused: false, unsent: reason === 'connect', attempts: this.#attempts };
    const step = afterFailure(failed, GET, this.#dispatch.rules, (spendsBudget) =>
      this.#dispatch.mayRetry(spendsBudget, this.#wheel.now, this),
    );
    this.tried.add(upstream.id);
    this.again = step === 'elsewhere-first';
    if (step !== 'give-up') this.#attempt();
  }

  #time(upstream: WorkerBackend, outcome: LatencyOutcome, sentMs: number): void {
    const { nowMs } = this.#world.clock;
    if (this.#dispatch.timed) this.#dispatch.took(upstream, nowMs - sentMs, outcome, nowMs);
  }
}
