/** simulator/scenarios/constants.ts: the default of each setting for ejection and retries, beside larger and smaller values. */
import type { BackendSpec } from '../backend.js';
import { slowed, slowedBetween, stoppedBetween, withPauses } from '../latency.js';
import type { Setup } from '../setup.js';
import {
  backendsOf,
  NEVER_MS,
  NO_EJECTION,
  NO_RETRIES,
  oneOdd,
  outage,
  plainWork,
  type Run,
  type SimulatedScenario,
  steady,
  tableRow,
} from './scenario.js';

const moderate: Partial<Setup> = { arrivals: steady(0.6), lengthMs: 302_000 };

/** @returns a fault that closes connections without an answer from `fromMs` on */
function closing(fromMs: number, share: number, afterMs?: number): Partial<BackendSpec> {
  const fault = { kind: 'reset', fromMs, toMs: NEVER_MS, share } as const;
  return { faults: [afterMs === undefined ? fault : { ...fault, afterMs }] };
}

/** @returns runs in which every backend fails a share of its requests, for one ejection threshold */
function noise(consecutiveFailures: number): Run[] {
  const columns = [0.01, 0.05, 0.1, 0.2].map((share) => {
    return [`${share * 100} % fail`, { backends: backendsOf(() => closing(0, share)) }] as const;
  });
  const common = { ...moderate, pool: { outlier: { consecutiveFailures } } };
  return tableRow(`${consecutiveFailures} in a row`, common, Object.fromEntries(columns));
}

/** @returns runs in which one backend starts to fail, in several ways, for one ejection threshold */
function breakdown(consecutiveFailures: number): Run[] {
  const pool = { ...NO_RETRIES, outlier: { consecutiveFailures } };
  const common = { ...moderate, countFromMs: 5_000, lengthMs: 15_000, pool };
  return tableRow(`${consecutiveFailures} in a row`, common, {
    'after 1 ms': { backends: oneOdd(closing(5_000, 1, 1)) },
    'after the work': { backends: oneOdd(closing(5_000, 1)) },
    'a third of them, after 1 ms': { backends: oneOdd(closing(5_000, 1 / 3, 1)) },
  });
}

/** @returns runs with little traffic in which one backend always fails, for one length of a streak of failures */
function quiet(window: string): Run[] {
  const columns = [2, 10, 50, 250].map((perSecond) => {
    return [`${perSecond}/s`, { arrivals: [{ fromMs: 0, perSecond }] }] as const;
  });
  const pool = { ...NO_RETRIES, outlier: { window } };
  const common = { backends: oneOdd(closing(0, 1, 1)), countFromMs: 0, lengthMs: 120_000, pool };
  return tableRow(`within ${window}`, common, Object.fromEntries(columns));
}

/** @returns runs that show the gains and the costs of one time constant of peak-ewma */
function memory(decayMs: number): Run[] {
  const bad = { fromMs: 10_000, toMs: 15_000 };
  const backends = oneOdd({ latency: slowedBetween(plainWork, 10, bad.fromMs, bad.toMs) });
  const pausing = backendsOf((index) => ({
    latency: withPauses(plainWork, { everyMs: 5_000, pauseMs: 200, firstMs: index * 1_000 }),
  }));
  return tableRow(
    `${decayMs / 1_000} s`,
    { arrivals: steady(0.6), policy: 'peak-ewma', decayMs },
    {
      'all equal': {},
      '`a` ten times slower': { backends: oneOdd({ latency: slowed(plainWork, 10) }) },
      'for 5 s only': { backends, countFromMs: bad.fromMs, lengthMs: bad.toMs },
      'the minute after': { backends, countFromMs: bad.toMs, lengthMs: bad.toMs + 60_000 },
      'pauses of 200 ms': { backends: pausing },
    },
  );
}

/** @returns runs in which panic helps and runs in which it harms, for one threshold */
function panic(share: number): Run[] {
  const wrongly: Partial<BackendSpec> = { faults: [{ kind: 'check', fromMs: 0, toMs: NEVER_MS, share: 1 }] };
  // A hung process turns no connection away: the kernel goes on accepting.
  const hanging: Partial<BackendSpec> = { latency: stoppedBetween(plainWork, 0, 1e9), queue: Number.POSITIVE_INFINITY };
  const first = (count: number, spec: Partial<BackendSpec>, load: number): Partial<Setup> => {
    return { backends: backendsOf((index) => (index < count ? spec : {})), arrivals: steady(load) };
  };
  const pool = { panic: share, healthCheck: { path: '/' } };
  const row = share === 0 ? 'never' : `below ${share * 100} %`;
  return tableRow(
    row,
    { pool, countFromMs: 30_000, lengthMs: 60_000 },
    {
      '2 of 5 fail checks, not requests; 70 % load': first(2, wrongly, 0.7),
      '3 of 5 fail checks, not requests; 70 % load': first(3, wrongly, 0.7),
      '2 of 5 hang; 30 % load': first(2, hanging, 0.3),
      '3 of 5 hang; 30 % load': first(3, hanging, 0.3),
    },
  );
}

const BUDGETS = [0, 0.05, 0.1, 0.2, 0.5, 1];

/** @returns runs in which retries help and runs in which they harm, for one retry budget */
function budget(share: number): Run[] {
  const pool = { ...NO_EJECTION, retries: { budget: share, minPerSecond: 3 } };
  return tableRow(
    `budget ${share * 100} %`,
    { pool },
    {
      'one of five always fails': { backends: oneOdd(closing(0, 1)), arrivals: steady(0.6) },
      'after an outage, 60 % load': { ...outage, arrivals: steady(0.6), pool },
      'after an outage, 80 % load': { ...outage, pool },
    },
  );
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
