/** bench/wrk.ts: load from wrk. A Lua script makes the requests and prints the result as one line of JSON. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { Children } from './children.js';
import { type Load, type LoadResult, loadOf } from './load.js';
import type { Traffic } from './traffic.js';

const MARK = 'roundhouse-bench ';
const ANSWER_WITHIN = '5s';

const result = z.object({
  requests: z.number(),
  micros: z.number().positive(),
  p50: z.number(),
  p99: z.number(),
  connect: z.number(),
  read: z.number(),
  write: z.number(),
  status: z.number(),
  timeout: z.number(),
});

/** @returns the Lua script that makes wrk send `traffic` and report as {@link parseWrk} reads it */
export function wrkScript(traffic: Traffic): string {
  const headers = { ...traffic.headers, ...(traffic.newConnections ? { Connection: 'close' } : {}) };
  return [
    `wrk.method = ${quoted(traffic.method)}`,
    ...Object.entries(headers).map(([name, value]) => `wrk.headers[${quoted(name)}] = ${quoted(value)}`),
    ...(traffic.requestBytes > 0 ? [`wrk.body = string.rep("x", ${traffic.requestBytes})`] : []),
    'function done(summary, latency, requests)',
    '  local errors = summary.errors',
    `  io.write(string.format('\\n${MARK}{"requests":%d,"micros":%d,"p50":%d,"p99":%d,"connect":%d,"read":%d,' ..`,
    `    '"write":%d,"status":%d,"timeout":%d}\\n', summary.requests, summary.duration, latency:percentile(50),`,
    '    latency:percentile(99), errors.connect, errors.read, errors.write, errors.status, errors.timeout))',
    'end',
    '',
  ].join('\n');
}

/** @throws {Error} when the script's line is missing or malformed */
export function parseWrk(output: string): LoadResult {
  const line = output.split('\n').find((text) => text.startsWith(MARK));
  if (line === undefined) throw new Error(`wrk printed no result: ${output.trim().slice(-200)}`);
  const read = result.parse(JSON.parse(line.slice(MARK.length)));
  return {
    requests: read.requests,
    seconds: read.micros / 1e6,
    p50Ms: read.p50 / 1e3,
    p99Ms: read.p99 / 1e3,
    errors: read.connect + read.read + read.write + read.status + read.timeout,
  };
}

/** @param program where wrk is installed */
export function wrkLoad(program: string, traffic: Traffic, children: Children, cores: readonly number[]): Load {
  const script = join(children.temporaryFolder(), `${traffic.name}.lua`);
  writeFileSync(script, wrkScript(traffic));
  const shape = ['--threads=1', `--timeout=${ANSWER_WITHIN}`, `--script=${script}`];
  return loadOf(
    ({ url, connections, seconds }) => [
      ...[program, ...shape, `--connections=${connections}`, `--duration=${seconds}s`, url],
    ],
    parseWrk,
    children,
    cores,
  );
}

/** Texts of traffic are printable ASCII, for which a JSON string is also a Lua string. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
