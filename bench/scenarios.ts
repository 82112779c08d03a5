/** bench/scenarios.ts: everything the bench can measure, one row each, with the goals of this project. */
import type { Claim, Scenario } from './scenario.js';
import { atFixedRate } from './scenarios/at-fixed-rate.js';
import { idleConnections } from './scenarios/idle-connections.js';
import { idleMemory } from './scenarios/idle-memory.js';
import { micro } from './scenarios/micro.js';
import { startTime } from './scenarios/start-time.js';
import { underLoad } from './scenarios/under-load.js';
import { NATIVES } from './track.js';
import { BODY_1M, BODY_64K, BROWSER_GET, NEW_CONNECTION, POST_4K, SMALL_GET, type Traffic } from './traffic.js';

const OURS = 'roundhouse-1';
const NODE_PROXIES = ['http-proxy', 'httpxy', 'fast-proxy'];

export const SCENARIOS: readonly Scenario[] = [
  load(SMALL_GET, 'GET, small head, keep-alive', [OURS, 'tcp-pipe', ...NATIVES], [cpu(OURS, NATIVES, 1.15, 1)]),
  load(BROWSER_GET, "GET with a browser's head of 800 bytes", [OURS, ...NATIVES], [cpu(OURS, NATIVES, 1.15, 1)]),
  load(POST_4K, 'POST of 4 KiB', [OURS, ...NATIVES], [cpu(OURS, NATIVES, 1.2, 1)]),
  load(BODY_64K, 'GET answered with 64 KiB', [OURS, ...NATIVES], [cpu(OURS, NATIVES, 1, 0.9)]),
  load(BODY_1M, 'GET answered with 1 MiB', [OURS, ...NATIVES], [cpu(OURS, NATIVES, 1, 0.85)]),
  load(
    { ...SMALL_GET, name: 'pipelining' },
    'small GET, 8 requests at a time on a connection to a backend',
    ['roundhouse-pipelining', OURS, ...NATIVES],
    [cpu('roundhouse-pipelining', NATIVES, 0.8, 0.65)],
  ),
  load(
    NEW_CONNECTION,
    'GET, a new client connection each',
    [OURS, 'newer-node-1', ...NATIVES],
    [cpu(OURS, NATIVES, 3, 2.2), cpu('newer-node-1', NATIVES, 2, 1.5)],
  ),
  load(
    { ...SMALL_GET, name: 'access-log' },
    'small GET, with and without an access log',
    ['roundhouse-access-log', OURS],
    [cpu('roundhouse-access-log', [OURS], 1.15, 1.05)],
  ),
  load(
    { ...SMALL_GET, name: 'two-workers' },
    'small GET, one worker and two',
    ['roundhouse-2', OURS],
    [cpu('roundhouse-2', [OURS], 1.1, 1)],
  ),
  load(
    { ...SMALL_GET, name: 'node-proxies' },
    'small GET, beside other proxies on Node',
    [OURS, ...NODE_PROXIES],
    [cpu(OURS, ['http-proxy'], 0.25), cpu(OURS, ['httpxy'], 0.25), cpu(OURS, ['fast-proxy'], 0.333)],
  ),
  {
    name: 'fixed-rate',
    group: 'load',
    summary: "small GET at half of nginx's most, timed from when each was due",
    subjects: [OURS, ...NATIVES],
    claims: [{ subject: OURS, metric: 'p99Ms', to: ['nginx'], unit: '', target: 1.5, stretch: 1 }],
    run: atFixedRate,
  },
  {
    name: 'idle-connections',
    group: 'footprint',
    summary: 'memory per idle client connection',
    subjects: [OURS, ...NATIVES, ...NODE_PROXIES],
    claims: [{ subject: OURS, metric: 'kibPerConnection', to: [], unit: 'KiB', target: 5, stretch: 3.5 }],
    run: idleConnections,
  },
  {
    name: 'start-time',
    group: 'footprint',
    summary: 'from start to first answered request',
    subjects: ['roundhouse-2', ...NATIVES, 'http-proxy'],
    claims: [{ subject: 'roundhouse-2', metric: 'startMs', to: [], unit: 'ms', target: 600, stretch: 300 }],
    run: startTime,
  },
  {
    name: 'idle-memory',
    group: 'footprint',
    summary: 'memory of all processes at rest',
    subjects: ['roundhouse-2', OURS, ...NATIVES, ...NODE_PROXIES],
    claims: [{ subject: 'roundhouse-2', metric: 'rssMiB', to: [], unit: 'MiB', target: 200, stretch: 150 }],
    run: idleMemory,
  },
  microBench('head', 'ns to read a head, and to read it and write the one that is forwarded'),
  microBench('pick', 'ns per pick by policy'),
  microBench('routes', 'ns to find the route of a request by how many there are, beside reading its head'),
  microBench('snapshot', 'ns for a worker to follow a change of one backend'),
  microBench('counters', 'ns to hand over and to merge the counters, once a second'),
  {
    ...microBench('broadcast', 'a pick, and a change of health that goes to two workers'),
    run: micro('broadcast', 'two'),
  },
  {
    ...microBench('reload', 'longest delay of an event loop while 10,000 routes and 5,000 backends are loaded'),
    run: micro('reload', 'two'),
  },
];

export const DEFAULT_SCENARIO = SMALL_GET.name;

function load(traffic: Traffic, summary: string, subjects: readonly string[], claims: readonly Claim[]): Scenario {
  return { name: traffic.name, group: 'load', summary, subjects, claims, run: underLoad(traffic) };
}

/** @returns a goal for the CPU time per request of `subject`, relative to the cheapest of `to` */
function cpu(subject: string, to: readonly string[], target: number, stretch?: number): Claim {
  return { subject, metric: 'cpuMicrosPerRequest', to, unit: '', target, stretch };
}

function microBench(name: string, summary: string): Scenario {
  return { name, group: 'micro', summary, subjects: [], claims: [], run: micro(name) };
}
