/** simulator/scenarios/latencies.ts: every policy side by side, on backends that are equal and on some that are not. */
import { coldFrom, logNormal, slowed, withPauses } from '../latency.js';
import {
  BACKENDS,
  backendsOf,
  everyPolicy,
  ODD,
  oneOdd,
  plainWork,
  type Scenario,
  STEADY,
  steady,
  WORK_MS,
} from './scenario.js';

/** Capacity left of five backends when one is ten times slower, as a share of theirs. */
const ONE_SLOW = (BACKENDS - 1 + 0.1) / BACKENDS;

export const LATENCIES: readonly Scenario[] = [
  {
    name: 'equal',
    summary: 'Five equal backends at 80 % of their capacity',
    figures: STEADY,
    runs: everyPolicy({}),
  },
  {
    name: 'equal-busy',
    summary: 'Five equal backends at 95 % of their capacity',
    figures: STEADY,
    runs: everyPolicy({ arrivals: steady(0.95) }),
  },
  {
    name: 'one-slow',
    summary: 'One backend of five, `a`, takes ten times as long; 75 % of the capacity that is left',
    figures: ODD,
    runs: everyPolicy({
      backends: oneOdd({ latency: slowed(plainWork, 10) }),
      arrivals: steady(0.75 * ONE_SLOW),
    }),
  },
  {
    name: 'log-normal',
    summary: 'Very uneven work (log-normal, sigma 1.5: one answer of a hundred takes 33 times the median), 80 % load',
    figures: STEADY,
    runs: everyPolicy({ backends: backendsOf(() => ({ latency: logNormal(WORK_MS, 1.5) })) }),
  },
  {
    name: 'pauses',
    summary: 'Each backend stands still for 200 ms every 5 s, one after the other; 70 % load',
    figures: STEADY,
    runs: everyPolicy({
      arrivals: steady(0.7),
      backends: backendsOf((index) => ({
        latency: withPauses(plainWork, { everyMs: 5_000, pauseMs: 200, firstMs: index * 1_000 }),
      })),
    }),
  },
  {
    name: 'cold-start',
    summary: '`a` starts cold: five times the work, falling to once within 20 s; the first 20 s at 70 % load',
    figures: ODD,
    runs: everyPolicy({
      arrivals: steady(0.7),
      backends: oneOdd({ latency: coldFrom(plainWork, 0, 5, 20_000) }),
      lengthMs: 20_000,
      countFromMs: 0,
    }),
  },
];
