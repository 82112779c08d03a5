/** simulator/scenarios/latencies.ts: every policy side by side, on equal and on unequal backends. */
import type { FigureName } from '../figures.js';
import { coldFrom, logNormal, slowed, withPauses } from '../latency.js';
import type { Setup } from '../setup.js';
import {
  BACKENDS,
  backendsOf,
  everyPolicy,
  ODD,
  oneOdd,
  plainWork,
  type SimulatedScenario,
  STEADY,
  steady,
  WORK_MS,
} from './scenario.js';

interface Situation {
  readonly name: string;
  /** Title of a column. */
  readonly short: string;
  readonly summary: string;
  readonly figures: readonly FigureName[];
  readonly setup: Partial<Setup>;
}

/** Capacity of five backends of which one is ten times slower, relative to five equal ones. */
const ONE_SLOW = (BACKENDS - 1 + 0.1) / BACKENDS;

const SITUATIONS: readonly Situation[] = [
  {
    name: 'equal',
    short: 'equal',
    summary: 'Five equal backends at 80 % of their capacity',
    figures: STEADY,
    setup: {},
  },
  {
    name: 'equal-busy',
    short: 'equal, busy',
    summary: 'Five equal backends at 95 % of their capacity',
    figures: STEADY,
    setup: { arrivals: steady(0.95) },
  },
  {
    name: 'one-slow',
    short: 'one slow',
    summary: 'One backend of five, `a`, takes ten times as long; 75 % of the capacity that is left',
    figures: ODD,
    setup: {
      backends: oneOdd({ latency: slowed(plainWork, 10) }),
      arrivals: steady(0.75 * ONE_SLOW),
    },
  },
  {
    name: 'uneven-work',
    short: 'uneven work',
    summary: 'Log-normal work of sigma 1.5: one answer of a hundred takes 33 times the median; 80 % load',
    figures: STEADY,
    setup: { backends: backendsOf(() => ({ latency: logNormal(WORK_MS, 1.5) })) },
  },
  {
    name: 'pauses',
    short: 'pauses',
    summary: 'Each backend stands still for 200 ms every 5 s, one after the other; 70 % load',
    figures: STEADY,
    setup: {
      arrivals: steady(0.7),
      backends: backendsOf((index) => ({
        latency: withPauses(plainWork, { everyMs: 5_000, pauseMs: 200, firstMs: index * 1_000 }),
      })),
    },
  },
  {
    name: 'cold-start',
    short: 'cold start',
    summary: '`a` starts cold: five times the work, falling to once within 20 s; the first 20 s at 70 % load',
    figures: ODD,
    setup: {
      arrivals: steady(0.7),
      backends: oneOdd({ latency: coldFrom(plainWork, 0, 5, 20_000) }),
      lengthMs: 20_000,
      countFromMs: 0,
    },
  },
];

export const LATENCIES: readonly SimulatedScenario[] = [
  {
    name: 'policies',
    summary: 'Every policy in each of the situations of the next six tables',
    figures: ['p99', 'failed'],
    runs: SITUATIONS.flatMap(({ short, setup }) => everyPolicy(setup, short)),
  },
  ...SITUATIONS.map(({ name, summary, figures, setup }) => ({ name, summary, figures, runs: everyPolicy(setup) })),
];
