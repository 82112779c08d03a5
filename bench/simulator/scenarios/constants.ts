/** simulator/scenarios/constants.ts: the default of each setting for ejection and retries, beside larger and smaller values. */
import type { BackendSpec } from '../backend.js';
import { slowed, slowedBetween, stoppedBetween, withPauses } from '../latency.js';
import type { Setup } from '../setup.js';
import {
  backendsOf,
  base,
  NEVER_MS,
  NO_EJECTION,
  NO_RETRIES,
  oneOdd,
  outage,
  plainWork,
  type Run,
  type SimulatedScenario,
  steady,
} from './scenario.js';

const moderate: Setup = { ...base, arrivals: steady(0.6), lengthMs: 302_000 };

/** @returns runs in which every backend fails a share of its requests, for one ejection threshold */
function noise(consecutiveFailures: number): Run[] {
  return [0.01, 0.05, 0.1, 0.2].map((share) => ({
    row: `${consecutiveFailures} in a row`,
    column: `${share * 100} % fail`,
    setup: {
      ...moderate,
      backends: backendsOf(() => ({ faults: [{ kind: 'reset', fromMs: 0, toMs: NEVER_MS, share }] })),
      pool: { outlier: { consecutiveFailures } },
    },
  }));
}

/** @returns runs in which one backend starts to fail, in several ways, for one ejection threshold */
function breakdown(consecutiveFailures: number): Run[] {
  const pool = { ...NO_RETRIES, outlier: { consecutiveFailures } };
  const ways = [
    { column: 'after 1 ms', share: 1, afterMs: 1 },
    { column: 'after the work', share: 1 },
    { column: 'a third of them, after 1 ms', share: 1 / 3, afterMs: 1 },
  ];
  return ways.map(({ column, ...fault }) => ({
    row: `${consecutiveFailures} in a row`,
    column,
    setup: {
      ...moderate,
      backends: oneOdd({ faults: [{ kind: 'reset', fromMs: 5_000, toMs: NEVER_MS, ...fault }] }),
      countFromMs: 5_000,
      lengthMs: 15_000,
      pool,
    },
  }));
}

/** @returns runs with little traffic in which one backend always fails, for one length of a streak of failures */
function quiet(window: string): Run[] {
  return [2, 10, 50, 250].map((perSecond) => ({
    row: `within ${window}`,
    column: `${perSecond}/s`,
    setup: {
      ...base,
      backends: oneOdd({ faults: [{ kind: 'reset', fromMs: 0, toMs: NEVER_MS, share: 1, afterMs: 1 }] }),
      arrivals: [{ fromMs: 0, perSecond }],
      countFromMs: 0,
      lengthMs: 120_000,
      pool: { ...NO_RETRIES, outlier: { window } },
    },
  }));
}

/** @returns runs that show the gains and the costs of one time constant of peak-ewma */
function memory(decayMs: number): Run[] {
  const bad = { fromMs: 10_000, toMs: 15_000 };
  const forAWhile = oneOdd({ latency: slowedBetween(plainWork, 10, bad.fromMs, bad.toMs) });
  const pausing = backendsOf((index) => ({
    latency: withPauses(plainWork, { everyMs: 5_000, pauseMs: 200, firstMs: index * 1_000 }),
  }));
  const situations: readonly { readonly column: string; readonly setup: Partial<Setup> }[] = [
    { column: 'all equal', setup: {} },
    { column: '`a` ten times slower', setup: { backends: oneOdd({ latency: slowed(plainWork, 10) }) } },
    { column: 'for 5 s only', setup: { backends: forAWhile, countFromMs: bad.fromMs, lengthMs: bad.toMs } },
    {
      column: 'the minute after',
      setup: { backends: forAWhile, countFromMs: bad.toMs, lengthMs: bad.toMs + 60_000 },
    },
    { column: 'pauses of 200 ms', setup: { backends: pausing } },
  ];
  return situations.map(({ column, setup }) => ({
    row: `${decayMs / 1_000} s`,
    column,
    setup: { ...base, arrivals: steady(0.6), policy: 'peak-ewma', decayMs, ...setup },
  }));
}

/** @returns runs in which panic helps and runs in which it harms, for one threshold */
function panic(share: number): Run[] {
  const firstOnes = (count: number, spec: Partial<BackendSpec>): BackendSpec[] =>
    backendsOf((index) => (index < count ? spec : {}));
  const wrongly: Partial<BackendSpec> = { faults: [{ kind: 'check', fromMs: 0, toMs: NEVER_MS, share: 1 }] };
  // A hung process turns no connection away: the kernel goes on accepting.
  const hanging: Partial<BackendSpec> = { latency: stoppedBetween(plainWork, 0, 1e9), queue: Number.POSITIVE_INFINITY };
  const situations: readonly { readonly column: string; readonly setup: Partial<Setup> }[] = [
    ...[2, 3].map((count) => ({
      column: `${count} of 5 fail checks, not requests; 70 % load`,
      setup: { backends: firstOnes(count, wrongly), arrivals: steady(0.7) },
    })),
    ...[2, 3].map((count) => ({
      column: `${count} of 5 hang; 30 % load`,
      setup: { backends: firstOnes(count, hanging), arrivals: steady(0.3) },
    })),
  ];
  return situations.map(({ column, setup }) => ({
    row: share === 0 ? 'never' : `below ${share * 100} %`,
    column,
    setup: {
      ...base,
      ...setup,
      pool: { panic: share, healthCheck: { path: '/' } },
      countFromMs: 30_000,
      lengthMs: 60_000,
    },
  }));
}

const BUDGETS = [0, 0.05, 0.1, 0.2, 0.5, 1];

/** @returns runs in which retries help and runs in which they harm, for one retry budget */
function budget(share: number): Run[] {
  const retries = { budget: share, minPerSecond: 3 };
  const one = oneOdd({ faults: [{ kind: 'reset', fromMs: 0, toMs: NEVER_MS, share: 1 }] });
  const situations: readonly { readonly column: string; readonly setup: Partial<Setup> }[] = [
    { column: 'one of five always fails', setup: { backends: one, arrivals: steady(0.6) } },
    { column: 'after an outage, 60 % load', setup: { ...outage, arrivals: steady(0.6) } },
    { column: 'after an outage, 80 % load', setup: outage },
  ];
  return situations.map(({ column, setup }) => ({
    row: `budget ${share * 100} %`,
    column,
    setup: { ...base, ...setup, pool: { ...NO_EJECTION, retries } },
  }));
}

export const CONSTANTS: readonly SimulatedScenario[] = [
  {
    name: 'ejection-noise',
    summary: 'Nothing is broken: every backend closes some connections without an answer; five minutes at 60 % load',
    figures: ['ejections', 'p99'],
    runs: [3, 5, 10].flatMap(noise),
  },
  {
    name: 'ejection-speed',
    summary: 'One backend of five begins to close every connection; no retries; the ten seconds that follow',
    figures: ['ejections', 'failed'],
    runs: [3, 5, 10].flatMap(breakdown),
  },
  {
    name: 'ejection-window',
    summary: 'One backend of five fails every request; no retries; two minutes, by the requests to all four workers',
    figures: ['ejections', 'failed'],
    runs: ['1s', '10s', '60s'].flatMap(quiet),
  },
  {
    name: 'retry-budget',
    summary: 'Without ejection: one backend of five fails every request, or all of them did for ten seconds',
    figures: ['failed', 'p99'],
    runs: BUDGETS.flatMap(budget),
  },
  {
    name: 'panic',
    summary: 'By the share of usable backends below which all are used; half a minute, when health checks have seen it',
    figures: ['failed', 'p99'],
    runs: [0, 0.5, 0.7].flatMap(panic),
  },
  {
    name: 'ewma-memory',
    summary: 'peak-ewma by the time constant of its average, 60 % load',
    figures: ['p99', 'first'],
    runs: [300, 1_000, 3_000, 10_000, 30_000, 100_000].flatMap(memory),
  },
];
