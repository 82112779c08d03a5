/** simulator/scenarios/scenario.ts: what a scenario is, and the pool that most of them start from. */
import { POLICIES } from '../../../src/balancing/policies.js';
import type { ArrivalRate } from '../arrivals.js';
import type { BackendSpec } from '../backend.js';
import { evenClients } from '../clients.js';
import type { FigureName } from '../figures.js';
import { logNormal, type WorkTime } from '../latency.js';
import type { Setup } from '../setup.js';

/** One table of the report, each cell or line of which is a run. */
export interface SimulatedScenario {
  readonly name: string;
  /** What is simulated, for the reader of the table. */
  readonly summary: string;
  /** Figures that are shown of every run: in a row, or in one cell where runs have columns. */
  readonly figures: readonly FigureName[];
  readonly runs: readonly Run[];
}

export interface Run {
  /** Title of the table row. */
  readonly row: string;
  /** Title of the column, in a table that varies two things; either all runs of a scenario have one or none. */
  readonly column?: string;
  readonly setup: Setup;
}

/** Mean work of a request in milliseconds, and how many a backend works on at a time. */
export const WORK_MS = 10;
export const SERVERS = 8;
/** Number of backends in most scenarios. */
export const BACKENDS = 5;
/** Longer than any scenario. */
export const NEVER_MS = Number.POSITIVE_INFINITY;

/** The slowest hundredth of the answers takes three times the median, as on a server that does one kind of work. */
export const plainWork: WorkTime = logNormal(WORK_MS, 0.5);
const plain: BackendSpec = { latency: plainWork, servers: SERVERS, queue: 1_000 };

/** @returns `count` plain backends, changed by what `differs` returns for each */
export function backendsOf(
  differs: (index: number) => Partial<BackendSpec> = () => ({}),
  count = BACKENDS,
): BackendSpec[] {
  return Array.from({ length: count }, (_, index) => ({ ...plain, ...differs(index) }));
}

/** @returns five backends of which the first, `a`, differs by `spec` */
export function oneOdd(spec: Partial<BackendSpec>): BackendSpec[] {
  return backendsOf((index) => (index === 0 ? spec : {}));
}

/** @returns a constant request rate that uses the share `load` of the capacity of `backends` plain backends */
export function steady(load: number, backends = BACKENDS): ArrivalRate[] {
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

/** Thresholds that are never reached. */
export const NO_EJECTION = { outlier: { consecutiveFailures: 1_000, window: '1ms' } } as const;
export const NO_RETRIES = { retries: { count: 0 } } as const;

/** All backends fail every request for ten seconds, having done its work; the half minute after that is counted. */
export const outage: Setup = {
  ...base,
  backends: backendsOf(() => ({
    faults: [{ kind: 'reset', fromMs: 5_000, toMs: 15_000, share: 1 }],
    queue: 100_000,
  })),
  countFromMs: 15_000,
  lengthMs: 45_000,
};

/** Figures in tables of steady traffic. */
export const STEADY = ['p50', 'p99', 'p99.9', 'shares', 'excess', 'avoidable', 'failed'] as const;
/** Figures in tables in which the first backend differs. */
export const ODD = ['p50', 'p99', 'p99.9', 'first', 'shares', 'excess', 'failed', 'goodput'] as const;

/** @returns one run for each policy */
export function everyPolicy(setup: Partial<Setup>, column?: string): Run[] {
  return POLICIES.map((policy) => ({
    row: policy,
    ...(column !== undefined && { column }),
    setup: { ...base, ...setup, policy },
  }));
}

/** @returns one row of a table that varies two things: a run for each column, whose setup is `common` and its own part */
export function tableRow(
  row: string,
  common: Partial<Setup>,
  columns: Readonly<Record<string, Partial<Setup>>>,
): Run[] {
  return Object.entries(columns).map(([column, setup]) => ({ row, column, setup: { ...base, ...common, ...setup } }));
}
