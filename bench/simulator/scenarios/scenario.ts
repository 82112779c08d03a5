/** simulator/scenarios/scenario.ts: what a scenario is, and the pool that most of them start from. */
import { POLICIES } from '../../../src/balancing/policies.js';
import type { Stage } from '../arrivals.js';
import type { BackendSpec } from '../backend.js';
import { evenClients } from '../clients.js';
import type { FigureName } from '../figures.js';
import { type Latency, logNormal } from '../latency.js';
import type { Setup } from '../setup.js';

/** One table of the report, each cell or line of which is a run. */
export interface Scenario {
  readonly name: string;
  /** What is simulated, for the reader of the table. */
  readonly summary: string;
  /** What is shown of every run: side by side in a row, or together in its cell where runs have columns. */
  readonly figures: readonly FigureName[];
  readonly runs: readonly Run[];
}

export interface Run {
  /** The line of the table. */
  readonly row: string;
  /** Its column, in a table that varies two things; all runs of a scenario have one or none has. */
  readonly column?: string;
  readonly setup: Setup;
}

/** Mean work of a request in milliseconds, and how many a backend works on at a time. */
export const WORK_MS = 10;
export const SERVERS = 8;
/** Backends in most scenarios. */
export const BACKENDS = 5;
/** No scenario lasts so long. */
export const NEVER_MS = Number.POSITIVE_INFINITY;

/** The slowest hundredth of the answers takes three times the median, as on a server that does one kind of work. */
export const plainWork: Latency = logNormal(WORK_MS, 0.5);
const plain: BackendSpec = { latency: plainWork, servers: SERVERS, queue: 1_000 };

/** @returns `count` backends, each plain but for what `differs` says of it */
export function backendsOf(
  differs: (index: number) => Partial<BackendSpec> = () => ({}),
  count = BACKENDS,
): BackendSpec[] {
  return Array.from({ length: count }, (_, index) => ({ ...plain, ...differs(index) }));
}

/** Five backends, of which the first, `a`, is the odd one. */
export function oneOdd(spec: Partial<BackendSpec>): BackendSpec[] {
  return backendsOf((index) => (index === 0 ? spec : {}));
}

/** @returns requests per second that keep `backends` plain backends at work for `load` of their time, from the start */
export function steady(load: number, backends = BACKENDS): Stage[] {
  return [{ fromMs: 0, perSecond: (load * backends * SERVERS * 1_000) / WORK_MS }];
}

/** Four workers, five plain backends, 80 % load, a minute. */
export const base: Setup = {
  policy: 'two-choices',
  workers: 4,
  backends: backendsOf(),
  arrivals: steady(0.8),
  clients: evenClients(1_000),
  lengthMs: 62_000,
  countFromMs: 2_000,
  patienceMs: 5_000,
};

/** Far more in a row than ever come. */
export const NO_EJECTION = { outlier: { consecutiveFailures: 1_000, window: '1ms' } } as const;
export const NO_RETRIES = { retries: { count: 0 } } as const;

/** All backends fail every request for ten seconds, after all the work. What is counted is the half minute after it. */
export const outage: Setup = {
  ...base,
  backends: backendsOf(() => ({
    faults: [{ kind: 'reset', fromMs: 5_000, toMs: 15_000, share: 1 }],
    queue: 100_000,
  })),
  countFromMs: 15_000,
  lengthMs: 45_000,
};

/** What every table of steady traffic shows. */
export const STEADY = ['p50', 'p99', 'p99.9', 'shares', 'excess', 'avoidable', 'failed'] as const;
/** The same where the first backend is the odd one. */
export const ODD = ['p50', 'p99', 'p99.9', 'first', 'shares', 'excess', 'failed', 'goodput'] as const;

/** @returns one run for each policy */
export function everyPolicy(setup: Partial<Setup>, column?: string): Run[] {
  return POLICIES.map((policy) => ({
    row: policy,
    ...(column !== undefined && { column }),
    setup: { ...base, ...setup, policy },
  }));
}
