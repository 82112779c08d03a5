/**
 * simulator/backend.ts: a server that works on a fixed number of requests at a time and has a queue of limited length,
 * first come first served. It finishes every request, even if its client has left, as most servers do.
 */
import type { ConfigInput, HealthCheckConfig } from '../../src/config/schema.js';
import type { BackendId } from '../../src/core/backend.js';
import type { Random } from '../../src/core/random.js';
import type { WorkTime } from './latency.js';

type BackendInput = NonNullable<ConfigInput['pools'][string]['backends']>[number];

/** How a request fails: no connection, a connection that is closed without an answer, or an answer of 5xx. */
export type FaultKind = 'connect' | 'reset' | 'error';

export interface BackendFault {
  /** With `check` only health checks fail. With `hang` connections open, and nothing is answered before `toMs`. */
  readonly kind: FaultKind | 'check' | 'hang';
  readonly fromMs: number;
  readonly toMs: number;
  /** Share of the requests that fail, 0 to 1. */
  readonly share: number;
  /** Milliseconds until the failure; without it the request takes as long as one that succeeds. */
  readonly afterMs?: number;
}

export interface BackendSpec {
  readonly latency: WorkTime;
  /** Number of requests that are worked on at a time. */
  readonly servers: number;
  /** Number of requests that may wait; one more is answered with 503. */
  readonly queue: number;
  readonly faults?: readonly BackendFault[];
  /** Configuration of the backend in the balancer, without its address. */
  readonly config?: Omit<BackendInput, 'address'>;
}

/** How a request will end, known when it arrives. */
export interface Answer {
  readonly kind: 'ok' | FaultKind;
  readonly atMs: number;
  /** Whether the request has to wait in the queue. */
  readonly waits: boolean;
}

export interface ProbeEnd {
  readonly ok: boolean;
  readonly atMs: number;
}

/** Milliseconds until a full server answers 503. */
const TURNED_AWAY_AFTER_MS = 0.5;
const CONNECTED_AFTER_MS = 0.5;

export class SimulatedBackend {
  readonly id: BackendId;
  /** Attempts that workers have open at this backend. */
  open = 0;
  readonly #spec: BackendSpec;
  readonly #random: Random;
  /** When each of the servers has finished everything it was given. */
  readonly #freeAtMs: Float64Array;
  /** When each waiting request will be served, in order; those before index `#served` have been. */
  #startsMs: number[] = [];
  #served = 0;

  constructor(id: BackendId, spec: BackendSpec, random: Random) {
    this.id = id;
    this.#spec = spec;
    this.#random = random;
    this.#freeAtMs = new Float64Array(spec.servers);
  }

  /** Whether a request that came now would be worked on at once. */
  isIdle(nowMs: number): boolean {
    return this.#freeAtMs.some((freeMs) => freeMs <= nowMs);
  }

  /** @returns how a request that arrives now will end */
  serve(nowMs: number): Answer {
    const fault = this.#faultAt(nowMs);
    if (fault === undefined || fault.kind === 'check') return this.#work(nowMs, 'ok');
    const { kind, afterMs, toMs } = fault;
    if (kind === 'hang') return { kind: 'ok', atMs: toMs, waits: false };
    return afterMs === undefined ? this.#work(nowMs, kind) : { kind, atMs: nowMs + afterMs, waits: false };
  }

  /**
   * One try of a health check: by HTTP where there is a path, which is a request like any other; else a TCP connect,
   * which the system answers for whatever is behind.
   */
  probe(nowMs: number, { path, timeout }: Pick<HealthCheckConfig, 'path' | 'timeout'>): ProbeEnd {
    const kind = this.#faultAt(nowMs)?.kind;
    if (path === undefined || kind === 'check') {
      return { ok: kind !== 'connect' && kind !== 'check', atMs: nowMs + CONNECTED_AFTER_MS };
    }
    const answer = this.serve(nowMs);
    return { ok: answer.kind === 'ok' && answer.atMs <= nowMs + timeout, atMs: Math.min(answer.atMs, nowMs + timeout) };
  }

  /** The question if it is alive, which costs no work. `ok` is `false` when it did not answer within `timeout`. */
  ask(nowMs: number, { timeout }: Pick<HealthCheckConfig, 'timeout'>): ProbeEnd {
    const fault = this.#faultAt(nowMs);
    const atMs = fault?.kind === 'hang' ? fault.toMs : nowMs + CONNECTED_AFTER_MS;
    return { ok: atMs <= nowMs + timeout, atMs: Math.min(atMs, nowMs + timeout) };
  }

  /** @param kind how the request ends when the work is done */
  #work(nowMs: number, kind: Answer['kind']): Answer {
    const server = this.#firstFree();
    const startMs = Math.max(nowMs, this.#freeAtMs[server] ?? 0);
    const waits = startMs > nowMs;
    if (waits && this.#waiting(nowMs) >= this.#spec.queue) {
      return { kind: 'error', atMs: nowMs + TURNED_AWAY_AFTER_MS, waits: false };
    }
    const atMs = startMs + this.#spec.latency(this.#random, startMs);
    this.#freeAtMs[server] = atMs;
    if (waits) this.#startsMs.push(startMs);
    return { kind, atMs, waits };
  }

  #faultAt(nowMs: number): BackendFault | undefined {
    const fault = this.#spec.faults?.find(({ fromMs, toMs }) => nowMs >= fromMs && nowMs < toMs);
    return fault !== undefined && this.#random.next() < fault.share ? fault : undefined;
  }

  #firstFree(): number {
    let first = 0;
    for (let i = 1; i < this.#freeAtMs.length; i++) {
      if ((this.#freeAtMs[i] ?? 0) < (this.#freeAtMs[first] ?? 0)) first = i;
    }
    return first;
  }

  #waiting(nowMs: number): number {
    while ((this.#startsMs[this.#served] ?? Number.POSITIVE_INFINITY) <= nowMs) this.#served++;
    if (this.#served > 1_024) {
      this.#startsMs = this.#startsMs.slice(this.#served);
      this.#served = 0;
    }
    return this.#startsMs.length - this.#served;
  }
}
