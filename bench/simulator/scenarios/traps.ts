/** simulator/scenarios/traps.ts: what is known to go wrong with policies, retries and returning backends. */
import type { Fault } from '../backend.js';
import { stoppedBetween } from '../latency.js';
import type { Setup } from '../setup.js';
import {
  backendsOf,
  base,
  everyPolicy,
  NEVER_MS,
  ODD_COLUMNS,
  oneOdd,
  plainWork,
  type Scenario,
  steady,
} from './scenario.js';

const NEVER_EJECTED = { outlier: { consecutiveFailures: 1_000, window: '1ms' } };
const FAILS_FAST: Omit<Fault, 'kind'> = { fromMs: 0, toMs: NEVER_MS, share: 1, afterMs: 1 };
const FAST_RESETS = oneOdd({ faults: [{ ...FAILS_FAST, kind: 'reset' }] });
const FAST_ERRORS = oneOdd({ faults: [{ ...FAILS_FAST, kind: 'error' }] });
const ONCE = { retries: { count: 0 } };

/** All backends fail every request from 5 s to 15 s, after all the work. */
const outage: Setup = {
  ...base,
  backends: backendsOf(() => ({ faults: [{ kind: 'reset', fromMs: 5_000, toMs: 15_000, share: 1 }], queue: 100_000 })),
  arrivals: steady(0.8),
  countFromMs: 15_000,
  lengthMs: 45_000,
};
const UNLIMITED = { budget: 1, minPerSecond: 10_000 };

export const TRAPS: readonly Scenario[] = [
  {
    name: 'fast-failure',
    summary: '`a` closes every connection after 1 ms; no retries; without ejection and with it',
    columns: ['first', 'failed', 'p99', 'goodput', 'ejections'],
    rows: [
      ...everyPolicy({ backends: FAST_RESETS, pool: { ...ONCE, ...NEVER_EJECTED } }, ', no ejection'),
      ...everyPolicy({ backends: FAST_RESETS, pool: ONCE }),
    ],
  },
  {
    name: 'fast-errors',
    summary: '`a` answers everything with 503 after 1 ms, which is an answer: nothing is retried or ejected',
    columns: ['first', 'failed', 'p99', 'goodput', 'ejections'],
    rows: everyPolicy({ backends: FAST_ERRORS }),
  },
  {
    name: 'starvation',
    summary: '`a` stood still for 2 s and is as good as the others since; the minute after that, at 50 % load',
    columns: ODD_COLUMNS,
    rows: everyPolicy({
      backends: oneOdd({ latency: stoppedBetween(plainWork, 5_000, 7_000) }),
      arrivals: steady(0.5),
      countFromMs: 7_000,
      lengthMs: 67_000,
    }),
  },
  {
    name: 'retry-storm',
    summary: 'All five fail every request for 10 s, after the work; the 30 s that follow',
    columns: ['p50', 'p99', 'retries', 'failed', 'worst', 'goodput'],
    rows: [
      { label: 'no retries', setup: { ...outage, pool: { ...NEVER_EJECTED, ...ONCE } } },
      { label: '2 retries, budget 20 %', setup: { ...outage, pool: NEVER_EJECTED } },
      { label: '2 retries, no budget', setup: { ...outage, pool: { ...NEVER_EJECTED, retries: UNLIMITED } } },
      { label: '2 retries, budget 20 %, ejection', setup: outage },
    ],
  },
];
