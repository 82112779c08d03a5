/** simulator/scenarios/traps.ts: known failures of policies, retries and returning backends. */
import type { BackendFault, FaultKind } from '../backend.js';
import { evenClients, withOffice } from '../clients.js';
import { coldFrom, stoppedBetween } from '../latency.js';
import type { Setup } from '../setup.js';
import {
  backendsOf,
  everyPolicy,
  NEVER_MS,
  NO_EJECTION,
  NO_RETRIES,
  ODD,
  oneOdd,
  outage,
  plainWork,
  type Run,
  type SimulatedScenario,
  steady,
  tableRow,
} from './scenario.js';

/** Backend `a` fails every request, faster than any good backend answers. */
function failsFast(kind: FaultKind): Partial<Setup> {
  const fault: BackendFault = { kind, fromMs: 0, toMs: NEVER_MS, share: 1, afterMs: 1 };
  return { backends: oneOdd({ faults: [fault] }), arrivals: steady(0.6) };
}

const UNLIMITED = { budget: 1, minPerSecond: 10_000 };

const returning: Partial<Setup> = {
  backends: oneOdd({
    latency: coldFrom(plainWork, 10_000, 5, 20_000),
    faults: [{ kind: 'connect', fromMs: 0, toMs: 10_000, share: 1, afterMs: 0.5 }],
  }),
  arrivals: steady(0.7),
  countFromMs: 10_000,
  lengthMs: 30_000,
};

export const TRAPS: readonly SimulatedScenario[] = [
  {
    name: 'fast-failure',
    summary: '`a` fails every request after 1 ms, so that it never has much to do; no retries; 60 % load',
    figures: ['first', 'failed'],
    runs: [
      ...everyPolicy({ ...failsFast('reset'), pool: { ...NO_RETRIES, ...NO_EJECTION } }, 'closes, no ejection'),
      ...everyPolicy({ ...failsFast('reset'), pool: NO_RETRIES }, 'closes, ejection'),
      ...everyPolicy({ ...failsFast('error'), pool: NO_RETRIES }, 'answers 503, ejection'),
    ],
  },
  {
    name: 'starvation',
    summary: '`a` stood still for 2 s and is as good as the others since; the minute after that, at 50 % load',
    figures: ODD,
    runs: everyPolicy({
      backends: oneOdd({ latency: stoppedBetween(plainWork, 5_000, 7_000) }),
      arrivals: steady(0.5),
      countFromMs: 7_000,
      lengthMs: 67_000,
    }),
  },
  {
    name: 'office',
    summary: 'A quarter of all requests come from one address, by the load; 1,000 other clients',
    figures: ['affinity', 'p99', 'failed'],
    runs: [0.3, 0.6, 0.8].flatMap((load) =>
      everyPolicy({ clients: withOffice(evenClients(1_000), 0.25), arrivals: steady(load) }, `${load * 100} % load`),
    ),
  },
  {
    name: 'returning',
    summary: '`a` was away and returns cold: five times the work, falling to once within 20 s; these 20 s at 70 % load',
    figures: ['p99', 'failed'],
    runs: ['off', '10s', '30s'].flatMap((slowStart) =>
      everyPolicy(
        { ...returning, pool: { slowStart } },
        slowStart === 'off' ? 'all at once' : `slow start ${slowStart}`,
      ),
    ),
  },
  {
    name: 'retry-storm',
    summary: 'All five fail every request for 10 s, after the work; the 30 s that follow',
    figures: ['p50', 'p99', 'retries', 'failed', 'worst', 'goodput'],
    runs: [
      { row: 'no retries', setup: { ...outage, pool: { ...NO_EJECTION, ...NO_RETRIES } } },
      { row: '2 retries, budget 20 %', setup: { ...outage, pool: NO_EJECTION } },
      { row: '2 retries, no budget', setup: { ...outage, pool: { ...NO_EJECTION, retries: UNLIMITED } } },
      { row: '2 retries, budget 20 %, ejection', setup: outage },
    ],
  },
  {
    name: 'overload',
    summary:
      'By `maxConnections` of each backend, which can work on 8 requests at a time and lets 1,000 wait by itself',
    figures: ['goodput', 'p50', 'p99'],
    runs: [0, 8, 16, 32].flatMap(limited),
  },
];

/** @returns runs below and above the capacity, for one limit of connections to each backend */
function limited(maxConnections: number): Run[] {
  const row = maxConnections === 0 ? 'no limit' : `${maxConnections}`;
  return tableRow(
    row,
    { backends: backendsOf(() => ({ config: { maxConnections } })) },
    {
      '90 % load': { arrivals: steady(0.9) },
      'twice the capacity, clients wait 5 s': { arrivals: steady(2) },
      'twice the capacity, clients wait 1 s': { arrivals: steady(2), patienceMs: 1_000 },
    },
  );
}
