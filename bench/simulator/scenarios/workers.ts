/** simulator/scenarios/workers.ts: how much worse many workers balance, each of which sees only its own load, than one. */
import type { PolicyName } from '../../../src/balancing/policies.js';
import { logNormal, slowed } from '../latency.js';
import type { Setup } from '../setup.js';
import { backendsOf, base, plainWork, type Run, type SimulatedScenario, steady } from './scenario.js';

const BACKENDS = 10;
const COUNTS = [1, 2, 4, 8, 16, 32];
const BLIND: readonly PolicyName[] = ['round-robin', 'random'];
const BY_LOAD: readonly PolicyName[] = ['least-connections', 'two-choices'];
const BY_SIGHT: readonly PolicyName[] = [...BY_LOAD, 'peak-ewma'];
const wide: Partial<Setup> = { backends: backendsOf(undefined, BACKENDS), arrivals: steady(0.9, BACKENDS) };

/** @returns a run for every count of workers */
function everyCount(row: string, setup: Partial<Setup>): Run[] {
  return COUNTS.map((workers) => ({ row, column: `${workers}`, setup: { ...base, ...setup, workers } }));
}

function everyView(policy: PolicyName, setup: Partial<Setup>, intervalsMs: readonly number[]): Run[] {
  return [
    ...everyCount(`${policy}, own view`, { ...setup, policy }),
    ...intervalsMs.flatMap((mergeEveryMs) =>
      everyCount(`${policy}, merged every ${mergeEveryMs} ms`, { ...setup, policy, mergeEveryMs }),
    ),
  ];
}

export const WORKERS: readonly SimulatedScenario[] = [
  {
    name: 'workers',
    summary: 'Ten equal backends at 90 % load, by the number of workers that the same requests are spread over',
    figures: ['mean', 'p99'],
    runs: [...BY_SIGHT, ...BLIND].flatMap((policy) => everyCount(policy, { ...wide, policy })),
  },
  {
    name: 'workers-narrow',
    summary: 'The same with backends that work on one request at a time: less than one in flight for each pair',
    figures: ['mean', 'p99'],
    runs: [...BY_SIGHT, ...BLIND].flatMap((policy) =>
      everyCount(policy, {
        policy,
        backends: backendsOf(() => ({ servers: 1 }), BACKENDS),
        arrivals: [{ fromMs: 0, perSecond: 900 }],
      }),
    ),
  },
  {
    name: 'workers-one-slow',
    summary: 'One backend of ten takes ten times as long; 75 % of the capacity that is left',
    figures: ['mean', 'p99'],
    runs: BY_SIGHT.flatMap((policy) =>
      everyCount(policy, {
        policy,
        backends: backendsOf((index) => (index === 0 ? { latency: slowed(plainWork, 10) } : {}), BACKENDS),
        arrivals: steady(0.75, BACKENDS - 0.9),
      }),
    ),
  },
  {
    name: 'workers-merged',
    summary: 'As `workers`, when the primary tells every worker what the others have in flight; requests take 10 ms',
    figures: ['mean', 'p99'],
    runs: BY_LOAD.flatMap((policy) => everyView(policy, { ...wide, lengthMs: 22_000 }, [10, 100, 1_000])),
  },
  {
    name: 'workers-merged-long',
    summary: 'As `workers-merged`, with requests that take 1 s',
    figures: ['mean', 'p99'],
    runs: BY_LOAD.flatMap((policy) =>
      everyView(
        policy,
        {
          backends: backendsOf(() => ({ latency: logNormal(1_000, 0.5) }), BACKENDS),
          arrivals: [{ fromMs: 0, perSecond: 72 }],
          countFromMs: 20_000,
          lengthMs: 1_020_000,
          patienceMs: 60_000,
        },
        [100, 1_000],
      ),
    ),
  },
];
