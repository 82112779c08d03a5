/** simulator/scenarios/workers.ts: how far many workers, each with a view of its own, drift from one that sees all. */
import { backendsOf, base, type Row, type Scenario, steady } from './scenario.js';

const BACKENDS = 10;
const COUNTS = [1, 2, 4, 8, 16, 32];
const MERGED = [
  { suffix: '', setup: {} },
  { suffix: ', merged every 100 ms', setup: { mergeEveryMs: 100 } },
  { suffix: ', merged every 1 s', setup: { mergeEveryMs: 1_000 } },
] as const;

function rows(policy: 'least-connections' | 'two-choices'): Row[] {
  const setup = {
    ...base,
    policy,
    backends: backendsOf(undefined, BACKENDS),
    arrivals: steady(0.9, BACKENDS),
    lengthMs: 32_000,
  };
  return COUNTS.flatMap((workers) =>
    MERGED.filter(({ suffix }) => workers > 1 || suffix === '').map((view) => ({
      label: `${policy} x ${workers}${view.suffix}`,
      setup: { ...setup, workers, ...view.setup },
    })),
  );
}

export const WORKERS: readonly Scenario[] = (['least-connections', 'two-choices'] as const).map((policy) => ({
  name: `workers-${policy}`,
  summary: `N workers of ${policy}, ten equal backends, 90 % load`,
  columns: ['p50', 'p99', 'p99.9', 'mean', 'shares', 'excess', 'avoidable'],
  rows: rows(policy),
}));
