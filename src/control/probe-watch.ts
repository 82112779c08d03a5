/** control/probe-watch.ts: what the health scheduler keeps of one backend, and the probes that it makes of it. */
import type { HealthCheckConfig } from '../config/schema.js';
import type { Backend, BackendId } from '../core/backend.js';
import { type HealthRecord, unprobed } from '../core/health.js';
import { aliveProbeOf, type HttpProbe, httpProbeOf, type ProbeResult, type ProbeTask } from '../core/probe.js';
import type { Pool } from './pool.js';

export interface ProbeWatch {
  readonly pool: Pool;
  readonly id: BackendId;
  check: HealthCheckConfig;
  http: HttpProbe | undefined;
  record: HealthRecord;
  /** Raised when the backend is judged anew; results of probes of an earlier generation are ignored. */
  generation: number;
  timer: NodeJS.Timeout | undefined;
  /** When `timer` fires, in monotonic milliseconds. */
  dueAtMs: number;
  probing: boolean;
  /** When the last probe began, questions aside. */
  lastAtMs: number;
  last: ProbeResult | undefined;
  succeeded: number;
  failed: number;
  /** The next probe asks if the backend is alive, instead of making its health check. */
  asksNext: boolean;
  /** The probe that is under way asks that. */
  asking: boolean;
  /** It has not answered that, so that every probe asks until it does: a stopped process still passes a TCP probe. */
  suspected: boolean;
  /** When it was last asked, in monotonic milliseconds. */
  askedAtMs: number;
  /** How long it had answered nothing when it was suspected, in milliseconds. */
  silentMs: number;
  readonly asked: { alive: number; silent: number };
  /** Settles the promise of `HealthScheduler.watch` at the first verdict. */
  onFirst: (() => void) | undefined;
}

/** @returns the watch of a backend that was never probed */
export function newProbeWatch(pool: Pool, id: BackendId, check: HealthCheckConfig, onFirst: () => void): ProbeWatch {
  return {
    pool,
    id,
    check,
    http: probeOf(pool, id, check),
    record: unprobed(check.initial),
    generation: 0,
    timer: undefined,
    dueAtMs: 0,
    probing: false,
    lastAtMs: Number.NEGATIVE_INFINITY,
    last: undefined,
    succeeded: 0,
    failed: 0,
    asksNext: false,
    asking: false,
    suspected: false,
    askedAtMs: Number.NEGATIVE_INFINITY,
    silentMs: 0,
    asked: { alive: 0, silent: 0 },
    onFirst,
  };
}

/** @returns the health check of a backend */
export function taskOf({ host, port }: Backend, { check, http }: ProbeWatch): ProbeTask {
  return { host, port: check.port ?? port, http, timeoutMs: check.timeout };
}

/** @returns the question if a backend is alive, to the port that takes its requests */
export function aliveTaskOf({ host, port }: Backend, { id, check }: ProbeWatch): ProbeTask {
  return { host, port, http: aliveProbeOf(id), timeoutMs: check.timeout };
}

export function settleFirst(watch: ProbeWatch): void {
  watch.onFirst?.();
  watch.onFirst = undefined;
}

/** @returns the HTTP request that a backend is probed with; `undefined` for a TCP probe */
export function probeOf(pool: Pool, id: BackendId, check: HealthCheckConfig): HttpProbe | undefined {
  const backend = pool.backend(id);
  return backend === undefined ? undefined : httpProbeOf(backend, check);
}
