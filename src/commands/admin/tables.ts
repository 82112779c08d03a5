/** commands/admin/tables.ts: formats pools, backends and workers of a running balancer as tables. */
import { styleText } from 'node:util';
import { backendState } from '../backend-state.js';
import { type Column, type Display, PLAIN, table } from '../table.js';
import type { BackendAnswer, PoolAnswer, StatusAnswer, WorkerAnswer } from './answers.js';

const BACKEND_COLUMNS: readonly Column[] = [
  { heading: 'BACKEND' },
  { heading: 'WEIGHT', align: 'right', spare: 5 },
  { heading: 'REQ/S', align: 'right', spare: 3 },
  { heading: 'IN FLIGHT', align: 'right', spare: 1 },
  { heading: 'REQUESTS', align: 'right', spare: 8 },
  { heading: '5XX', align: 'right', spare: 7 },
  { heading: 'ERRORS', align: 'right', spare: 2 },
  { heading: 'P50', align: 'right', spare: 6 },
  { heading: 'P99', align: 'right', spare: 4 },
  { heading: 'SINCE', align: 'right', spare: 9 },
  { heading: 'STATE', paint: paintState },
];

const WORKER_COLUMNS: readonly Column[] = [
  { heading: 'WORKER', align: 'right' },
  { heading: 'PID', align: 'right' },
  { heading: 'AGE', align: 'right', spare: 3 },
  { heading: 'MEMORY', align: 'right', spare: 4 },
  { heading: 'DELAY', align: 'right', spare: 4 },
  { heading: 'CONNECTIONS', align: 'right', spare: 2 },
  { heading: 'REQ/S', align: 'right', spare: 1 },
  { heading: 'REQUESTS', align: 'right', spare: 5 },
  { heading: 'STATE' },
  { heading: 'POOL VERSIONS', spare: 6 },
];

/** @param nowMs epoch milliseconds */
export function statusLines(status: StatusAnswer, nowMs: number, display: Display = PLAIN): readonly string[] {
  const { addresses, totals, workers, workerRestarts, maintenance, pools } = status;
  const listening = workers.filter(({ state }) => state === 'listening').length;
  const restarts = workerRestarts === 0 ? '' : `, ${counted(workerRestarts, 'restart')}`;
  return [
    `Roundhouse at ${addresses.join(', ')}: ${counted(listening, 'worker')}${restarts}, ` +
      `${counted(totals.clientConnections, 'client connection')}, ${rate(totals.requestsPerSecond)} requests/s`,
    ...maintenanceLines(maintenance),
    ...pools.flatMap((pool) => ['', ...poolLines(pool, nowMs, display)]),
  ];
}

/** @returns a line that says what is in maintenance; none if nothing is */
export function maintenanceLines({ all, routes, pools }: StatusAnswer['maintenance']): readonly string[] {
  const named = [
    ...(all ? ['everything'] : []),
    ...routes.map((name) => `route ${name}`),
    ...pools.map((name) => `pool ${name}`),
  ];
  return named.length === 0 ? [] : [`In maintenance, answered with 503: ${named.join(', ')}`];
}

/** @param nowMs epoch milliseconds */
export function workerLines(
  workers: readonly WorkerAnswer[],
  nowMs: number,
  display: Display = PLAIN,
): readonly string[] {
  return table(
    WORKER_COLUMNS,
    workers.map((worker) => workerCells(worker, nowMs)),
    display,
  );
}

function poolLines(
  { name, protocol, policy, version, eligible, panic, backends }: PoolAnswer,
  nowMs: number,
  display: Display,
): readonly string[] {
  const kind = protocol === 'tcp' ? ' of TCP connections' : '';
  const title = `Pool ${name}${kind}, ${policy}, version ${version}: ${eligible} of ${counted(backends.length, 'backend')} in use`;
  const alarm = panic ? ['Panic: too few of them are usable, so all that are enabled are tried.'] : [];
  return [
    title,
    ...alarm,
    ...table(
      BACKEND_COLUMNS,
      backends.map((backend) => backendCells(backend, nowMs)),
      display,
    ),
  ];
}

function backendCells(backend: BackendAnswer, nowMs: number): readonly string[] {
  const { weight, requestsPerSecond, inflight, requests, status5xx, errorRate, latency } = backend;
  const numbers = [String(weight), rate(requestsPerSecond), String(inflight), String(requests), String(status5xx)];
  const recent = [percentage(errorRate), time(latency.p50), time(latency.p99)];
  return [
    shownId(backend),
    ...numbers,
    ...recent,
    age(nowMs - Date.parse(backend.lastChange.at)),
    backendState(backend, nowMs),
  ];
}

/** @returns the id of a backend; with the name in front where it is one of several addresses of a name */
function shownId({ id, name }: BackendAnswer): string {
  return name === undefined ? id : `${name} (${id})`;
}

function workerCells(worker: WorkerAnswer, nowMs: number): readonly string[] {
  const versions = Object.entries(worker.versions).map(([pool, version]) => `${pool} ${version}`);
  return [
    String(worker.worker),
    String(worker.pid ?? 'none'),
    age(nowMs - Date.parse(worker.since)),
    `${Math.round(worker.memoryBytes / 1_048_576)} MiB`,
    `${worker.loopDelayMs.toFixed(1)} ms`,
    String(worker.clientConnections),
    rate(worker.requestsPerSecond),
    String(worker.requests),
    worker.overloaded === 0 ? worker.state : `${worker.state}, overloaded`,
    versions.join(', '),
  ];
}

/** Colours are always applied here: the caller has decided whether the output shows any. */
const ALWAYS = { validateStream: false };

/** Green for backends that take requests, red for failed ones, yellow for states that an operator has set. */
function paintState(padded: string, state: string): string {
  if (state === 'up') return styleText('green', padded, ALWAYS);
  if (/^(down|ejected)/.test(state)) return styleText('red', padded, ALWAYS);
  return state === 'unknown' ? padded : styleText('yellow', padded, ALWAYS);
}

function rate(perSecond: number): string {
  return perSecond.toFixed(1);
}

/** A share as `0 %`, `<0.1 %`, `1.2 %`, `34.0 %`; only 0 itself is shown as `0 %`. */
function percentage(share: number): string {
  if (share === 0) return '0 %';
  return share < 0.001 ? '<0.1 %' : `${(share * 100).toFixed(1)} %`;
}

/** A time with three digits, as `0.4 ms`, `12.3 ms`, `1.23 s`; `-` if none was measured. */
function time(ms: number | null): string {
  if (ms === null) return '-';
  return ms < 999.5 ? `${threeDigits(ms)} ms` : `${threeDigits(ms / 1_000)} s`;
}

function threeDigits(value: number): string {
  return String(Number(Number(value.toPrecision(3)).toFixed(3)));
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
] as const;

/** An age in the largest unit that fits, rounded down: `12s`, `3h`. */
function age(ms: number): string {
  const [unit, length] = UNITS.find(([, each]) => ms >= each) ?? ['s', 1_000];
  return `${Math.max(0, Math.floor(ms / length))}${unit}`;
}
