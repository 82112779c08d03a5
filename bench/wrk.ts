/** bench/wrk.ts: load from wrk. A Lua script makes the requests and prints the result as one line of JSON. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { Load, LoadResult } from './load.js';
import type { Scenario } from './scenarios.js';

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

/** @returns the Lua script that makes wrk send `scenario` and report as {@link parseWrk} reads it */
export function wrkScript(scenario: Scenario): string {
  const headers = { ...scenario.headers, ...(scenario.newConnections ? { Connection: 'close' } : {}) };
  return [
    `wrk.method = ${quoted(scenario.method)}`,
    ...Object.entries(headers).map(([name, value]) => `wrk.headers[${quoted(name)}] = ${quoted(value)}`),
    ...(scenario.requestBytes > 0 ? [`wrk.body = string.rep("x", ${scenario.requestBytes})`] : []),
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
export function wrkLoad(program: string, scenario: Scenario, folder: string): Load {
  const script = join(folder, `${scenario.name}.lua`);
  writeFileSync(script, wrkScript(scenario));
  return {
    command: ({ url, connections, seconds }) => [
      program,
      '--threads=1',
      `--connections=${connections}`,
      `--duration=${seconds}s`,
      `--timeout=${ANSWER_WITHIN}`,
      `--script=${script}`,
      url,
    ],
    parse: parseWrk,
  };
}

/** Scenario texts are printable ASCII, for which a JSON string is also a Lua string. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
