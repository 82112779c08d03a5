/**
 * bench/load-tool.ts: load from an external tool, as many requests as are answered: wrk where it is installed, which is
 * cheap, else autocannon, which costs more CPU per request and so reaches its limit sooner.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import type { Children } from './children.js';
import { findProgram, packageVersion, programVersion } from './programs.js';
import type { Traffic } from './traffic.js';

export interface SliceOrder {
  readonly url: string;
  readonly connections: number;
  /** Whole seconds, at least 1. */
  readonly seconds: number;
}

export interface LoadResult {
  /** Complete answers, those with an error status included. */
  readonly requests: number;
  /** How long the load really ran. */
  readonly seconds: number;
  /** `undefined` where the tool cannot tell. */
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
  /** Socket errors, time-outs, and answers with an error status. */
  readonly errors: number;
}

/** Sends one kind of traffic, any number of times. */
export interface LoadSender {
  /** @throws {Error} when the generator fails, or says nothing that can be read */
  readonly send: (order: SliceOrder) => Promise<LoadResult>;
}

export interface LoadTool {
  /** Name and version. */
  readonly label: string;
  /** @param cores where the generator runs */
  readonly prepare: (traffic: Traffic, children: Children, cores: readonly number[]) => LoadSender;
}

export const WRK_HINT = 'wrk is not installed (apt-get install wrk, brew install wrk): autocannon sends the load';

const ANSWER_WITHIN_S = 5;
/** Time beyond the load itself after which a load tool that hangs is ended. */
const GRACE_MS = 15_000;
/** Begins the line on which wrk's script prints its result. */
const MARK = 'roundhouse-bench ';

export function chooseLoadTool(): LoadTool {
  const wrk = findProgram('wrk');
  return wrk === undefined ? autocannon() : wrkAt(wrk);
}

function wrkAt(program: string): LoadTool {
  return {
    label: `wrk ${programVersion(program, '-v')}`,
    prepare: (traffic, children, cores) => {
      const script = join(children.temporaryFolder(), `${traffic.name}.lua`);
      writeFileSync(script, wrkScript(traffic));
      return {
        send: async ({ url, connections, seconds }) => {
          const shape = ['--threads=1', `--timeout=${ANSWER_WITHIN_S}s`, `--script=${script}`];
          const command = [program, ...shape, `--connections=${connections}`, `--duration=${seconds}s`, url];
          return parseWrk(await children.run(command, cores, seconds * 1_000 + GRACE_MS));
        },
      };
    },
  };
}

function autocannon(): LoadTool {
  return {
    label: `autocannon ${packageVersion('autocannon')}`,
    prepare: (traffic, children, cores) => ({
      send: async ({ url, connections, seconds }) => {
        const command = [
          ...[process.execPath, fileURLToPath(import.meta.resolve('autocannon')), '--json', '--no-progress'],
          ...['--timeout', `${ANSWER_WITHIN_S}`, '--connections', `${connections}`, '--duration', `${seconds}`],
          ...['--method', traffic.method],
          ...headersOf(traffic).flatMap(([name, value]) => ['--headers', `${name}=${value}`]),
          ...(traffic.requestBytes > 0 ? ['--body', 'x'.repeat(traffic.requestBytes)] : []),
          url,
        ];
        const output = await children.run(command, cores, seconds * 1_000 + GRACE_MS);
        return parseAutocannon(output, !traffic.newConnections);
      },
    }),
  };
}

/** A connection per request is asked for by a header: autocannon's --reconnectRate leaves every answer uncounted at 1. */
function headersOf({ headers, newConnections }: Traffic): [name: string, value: string][] {
  return Object.entries({ ...headers, ...(newConnections ? { Connection: 'close' } : {}) });
}

/** @returns the Lua script that makes wrk send `traffic` and print its result as {@link parseWrk} reads it */
export function wrkScript(traffic: Traffic): string {
  // Texts of traffic are printable ASCII, for which a JSON string is also a Lua string.
  const quoted = JSON.stringify;
  return [
    `wrk.method = ${quoted(traffic.method)}`,
    ...headersOf(traffic).map(([name, value]) => `wrk.headers[${quoted(name)}] = ${quoted(value)}`),
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

const count = z.number();
const wrkSchema = z.object({
  ...{ requests: count, micros: count.positive(), p50: count, p99: count },
  ...{ connect: count, read: count, write: count, status: count, timeout: count },
});

/** @throws {Error} when the script's line is missing or malformed */
export function parseWrk(output: string): LoadResult {
  const read = wrkSchema.parse(resultLine('wrk', output, MARK));
  return {
    requests: read.requests,
    seconds: read.micros / 1e6,
    p50Ms: read.p50 / 1e3,
    p99Ms: read.p99 / 1e3,
    errors: read.connect + read.read + read.write + read.status + read.timeout,
  };
}

const autocannonSchema = z.object({
  duration: count.positive(),
  requests: z.object({ total: count }),
  latency: z.object({ p50: count, p99: count }),
  /** Socket errors, time-outs among them. */
  errors: count,
  non2xx: count,
});

/**
 * @param timed whether its latencies mean anything: with a connection per request, autocannon writes the next request
 * to the connection that is being closed and counts the time from there
 * @throws {Error} when `output` holds no result
 */
export function parseAutocannon(output: string, timed: boolean): LoadResult {
  const read = autocannonSchema.parse(resultLine('autocannon', output, ''));
  return {
    requests: read.requests.total,
    seconds: read.duration,
    p50Ms: timed ? read.latency.p50 : undefined,
    p99Ms: timed ? read.latency.p99 : undefined,
    errors: read.errors + read.non2xx,
  };
}

/** @returns the JSON behind `mark` in the first line that has one */
function resultLine(tool: string, output: string, mark: string): unknown {
  const line = output.split('\n').find((text) => text.startsWith(`${mark}{`));
  if (line === undefined) throw new Error(`${tool} printed no result: ${output.trim().slice(-200)}`);
  return JSON.parse(line.slice(mark.length));
}
