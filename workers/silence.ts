/**
 * workers/silence.ts: finds backends that have answered nothing for a while although requests wait on them. It looks once
 * a second at what is counted anyway, so a request pays nothing for it; the requests that wait are looked through only
 * when some backend is silent.
 */
import { isSuspicious, usualAfter } from '../src/core/silence.js';
import type { WorkerBackend } from './worker-backend.js';

/** What is remembered of one backend from one second to the next. */
export class Quiet {
  /** When it last had answered something, or had nothing to answer; in milliseconds of `performance.now`. */
  sinceMs = Number.POSITIVE_INFINITY;
  /** How long its answers usually take, in milliseconds; `undefined` before the first one. */
  usualMs: number | undefined;
}

/** A backend that is suspected to hang. */
export interface SilentBackend {
  readonly upstream: WorkerBackend;
  /** How long it has answered nothing, in milliseconds. */
  readonly silentMs: number;
}

/**
 * Takes note of the last second. Call it once a second, before counters are taken.
 * @param nowMs of `performance.now`
 * @returns the backends of the pool that have been silent for `leastMs`
 */
export function silentBackends(
  backends: Iterable<WorkerBackend>,
  leastMs: number,
  nowMs: number,
): readonly WorkerBackend[] {
  const silent: WorkerBackend[] = [];
  for (const upstream of backends) {
    const { quiet, responses } = upstream;
    const { meanMs } = responses;
    if (meanMs !== undefined) quiet.usualMs = usualAfter(quiet.usualMs, meanMs);
    if (upstream.inflight === 0 || upstream.counters.answers > 0 || quiet.sinceMs > nowMs) quiet.sinceMs = nowMs;
    else if (nowMs - quiet.sinceMs >= leastMs && upstream.health !== 'down') silent.push(upstream);
  }
  return silent;
}

/**
 * @param silent backends of one pool that have been silent for `leastMs`
 * @param all the backends of that pool
 * @param waits how long the oldest request waits on each backend where one does, in milliseconds
 */
export function suspectsAmong(
  silent: readonly WorkerBackend[],
  all: Iterable<WorkerBackend>,
  waits: ReadonlyMap<WorkerBackend, number>,
  leastMs: number,
  nowMs: number,
): readonly SilentBackend[] {
  const usualInPoolMs = mean([...all].flatMap(({ quiet: { usualMs } }) => (usualMs === undefined ? [] : [usualMs])));
  const found = silent.map((upstream) => ({ upstream, silentMs: nowMs - upstream.quiet.sinceMs }));
  return found.filter(({ upstream, silentMs }) => {
    const waitMs = waits.get(upstream) ?? 0;
    return isSuspicious({ silentMs, waitMs, usualMs: upstream.quiet.usualMs, usualInPoolMs }, leastMs);
  });
}

function mean(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}
