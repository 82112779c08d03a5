/**
 * simulator/backend.ts: a server that works on so many requests at a time and lets so many wait, first come first
 * served. What it was given it finishes, whether or not anybody still waits for it: few servers notice.
 */
import type { ConfigInput, HealthCheckConfig } from '../../src/config/schema.js';
import type { BackendId } from '../../src/core/backend.js';
import type { Random } from '../../src/core/random.js';
import type { Latency } from './latency.js';

type BackendInput = NonNullable<ConfigInput['pools'][string]['backends']>[number];

/** What a fault makes of a request: no connection, a connection closed without an answer, an answer of 5xx. */
export type FaultKind = 'connect' | 'reset' | 'error';

export interface Fault {
  /** With `check` only health checks fail. */
  readonly kind: FaultKind | 'check';
  readonly fromMs: number;
  readonly toMs: number;
  /** How many of the requests meet it, 0 to 1. */
  readonly share: number;
  /** How long it takes, in milliseconds; without it, all the work is done first. */
  readonly afterMs?: number;
}

export interface BackendSpec {
  readonly latency: Latency;
  /** Requests worked on at a time. */
  readonly servers: number;
  /** Requests that may wait; one more is answered with 503. */
  readonly queue: number;
  readonly faults?: readonly Fault[];
  /** What the balancer is told of it, beside its address. */
  readonly config?: Omit<BackendInput, 'address'>;
}

/** How a request will end, known when it arrives. */
export interface Answer {
  readonly kind: 'ok' | FaultKind;
  readonly atMs: number;
  /** It has to wait for its turn. */
  readonly waits: boolean;
}

export interface ProbeEnd {
  readonly ok: boolean;
  readonly atMs: number;
}

/** A full server says so at once. */
const TURNED_AWAY_AFTER_MS = 0.5;
const CONNECTED_AFTER_MS = 0.5;

export class SimulatedBackend {
  readonly id: BackendId;
  /** Attempts that workers have open here. */
  open = 0;
  readonly #spec: BackendSpec;
  readonly #random: Random;
  /** When each server has done all it was given. */
  readonly #freeAtMs: Float64Array;
  /** When those who wait will be served, in order; the ones before `#served` are. */
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

  /** Takes one request. */
  serve(nowMs: number): Answer {
    const fault = this.#faultAt(nowMs);
    if (fault === undefined || fault.kind === 'check') return this.#work(nowMs, 'ok');
    const { kind, afterMs } = fault;
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

  /** @param kind what comes of it when it is done */
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

  #faultAt(nowMs: number): Fault | undefined {
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
