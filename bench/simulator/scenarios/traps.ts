/** simulator/scenarios/traps.ts: what is known to go wrong with policies, retries and returning backends. */
import type { Fault } from '../backend.js';
import { stoppedBetween } from '../latency.js';
import {
  everyPolicy,
  NEVER_MS,
  NO_EJECTION,
  NO_RETRIES,
  ODD,
  oneOdd,
  outage,
  plainWork,
  type Scenario,
  steady,
} from './scenario.js';

const FAILS_FAST: Omit<Fault, 'kind'> = { fromMs: 0, toMs: NEVER_MS, share: 1, afterMs: 1 };
const FAST_RESETS = oneOdd({ faults: [{ ...FAILS_FAST, kind: 'reset' }] });
const FAST_ERRORS = oneOdd({ faults: [{ ...FAILS_FAST, kind: 'error' }] });

const UNLIMITED = { budget: 1, minPerSecond: 10_000 };

export const TRAPS: readonly Scenario[] = [
  {
    name: 'fast-failure',
    summary: '`a` closes every connection after 1 ms; no retries; without ejection and with it',
    figures: ['first', 'failed', 'p99', 'goodput', 'ejections'],
    runs: [
      ...everyPolicy({ backends: FAST_RESETS, pool: { ...NO_RETRIES, ...NO_EJECTION } }, ', no ejection'),
      ...everyPolicy({ backends: FAST_RESETS, pool: NO_RETRIES }),
    ],
  },
  {
    name: 'fast-errors',
    summary: '`a` answers everything with 503 after 1 ms, which is an answer: nothing is retried or ejected',
    figures: ['first', 'failed', 'p99', 'goodput', 'ejections'],
    runs: everyPolicy({ backends: FAST_ERRORS }),
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
];
