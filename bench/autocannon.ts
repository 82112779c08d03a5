/** bench/autocannon.ts: load from autocannon, for machines without wrk. Dearer per request, so it caps sooner. */
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import type { Children } from './children.js';
import { type Load, type LoadResult, loadOf } from './load.js';
import type { Traffic } from './traffic.js';

const ANSWER_WITHIN_S = 5;

const result = z.object({
  duration: z.number().positive(),
  requests: z.object({ total: z.number() }),
  latency: z.object({ p50: z.number(), p99: z.number() }),
  /** Socket errors, time-outs among them. */
  errors: z.number(),
  non2xx: z.number(),
});

/**
 * @param timed whether its latencies mean anything: with a connection per request, autocannon writes the next request
 * to the connection that is being closed and counts the time from there
 * @throws {Error} when `output` holds no result
 */
export function parseAutocannon(output: string, timed: boolean): LoadResult {
  const line = output.split('\n').find((text) => text.startsWith('{'));
  if (line === undefined) throw new Error(`autocannon printed no result: ${output.trim().slice(-200)}`);
  const read = result.parse(JSON.parse(line));
  return {
    requests: read.requests.total,
    seconds: read.duration,
    p50Ms: timed ? read.latency.p50 : undefined,
    p99Ms: timed ? read.latency.p99 : undefined,
    errors: read.errors + read.non2xx,
  };
}

export function autocannonLoad(traffic: Traffic, children: Children, cores: readonly number[]): Load {
  const program = fileURLToPath(import.meta.resolve('autocannon'));
  // Not its own --reconnectRate, which leaves every answer uncounted at a rate of 1.
  const headers = { ...traffic.headers, ...(traffic.newConnections ? { Connection: 'close' } : {}) };
  const shape = [
    ...['--method', traffic.method],
    ...Object.entries(headers).flatMap(([name, value]) => ['--headers', `${name}=${value}`]),
    ...(traffic.requestBytes > 0 ? ['--body', 'x'.repeat(traffic.requestBytes)] : []),
  ];
  return loadOf(
    ({ url, connections, seconds }) => [
      ...[process.execPath, program, '--json', '--no-progress', '--timeout', `${ANSWER_WITHIN_S}`],
      ...['--connections', `${connections}`, '--duration', `${seconds}`, ...shape, url],
    ],
    (output) => parseAutocannon(output, !traffic.newConnections),
    children,
    cores,
  );
}
