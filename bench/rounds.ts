/** bench/rounds.ts: short slices of load that rotate over proxies which all stay up, and what one slice measures. */
import type { LoadSender, SliceOrder } from './load-tool.js';
import { readForeignMicros, readTreeUsage } from './process-tree.js';
import type { Running } from './stage.js';
import type { Column, Track } from './track.js';

/** One slice of load on one subject. */
export type Slice = {
  readonly requestsPerSecond: number;
  /** User and system time of the subject's whole process tree; `undefined` where the system does not tell. */
  readonly cpuMicrosPerRequest: number | undefined;
  /** Resident memory of the tree right after the slice. */
  readonly rssMiB: number | undefined;
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
  readonly errors: number;
  /** How many cores other programs on the machine kept busy meanwhile. */
  readonly foreignCores: number | undefined;
};

const column = (title: string, metric: keyof Slice, way: Column['way'], digits: number): Column => ({
  title,
  metric,
  way,
  digits,
});

/** What a slice is shown as. */
export const SLICE_COLUMNS = [
  column('req/s', 'requestsPerSecond', 'median', 0),
  column('CPU us/req', 'cpuMicrosPerRequest', 'median', 1),
  column('least', 'cpuMicrosPerRequest', 'least', 1),
  column('x native', 'cpuMicrosPerRequest', 'to-native', 2),
  column('p50 ms', 'p50Ms', 'median', 2),
  column('p99 ms', 'p99Ms', 'median', 2),
  column('RSS MiB', 'rssMiB', 'largest', 0),
  column('errors', 'errors', 'sum', 0),
  column('others, cores', 'foreignCores', 'largest', 2),
];

export interface RoundsPlan {
  readonly rounds: number;
  readonly order: Omit<SliceOrder, 'url'>;
  readonly onRound: (round: number) => void;
}

/** @returns 0 to `count` - 1, beginning one later each round, so that nobody always follows the same neighbour's end */
export function turnOrder(round: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => (index + round) % count);
}

/** Round 0 warms every subject up and is not kept. */
export async function measureRounds(
  subjects: readonly Running[],
  load: LoadSender,
  plan: RoundsPlan,
): Promise<Track[]> {
  const tracks = subjects.map((subject) => ({ subject, samples: [] as (Slice | undefined)[], failure: '' }));
  for (let round = 0; round <= plan.rounds; round++) {
    plan.onRound(round);
    for (const turn of turnOrder(round, tracks.length)) {
      const track = tracks[turn];
      if (track === undefined) continue;
      const slice = track.failure === '' ? await measureSlice(track.subject, load, plan.order) : undefined;
      if (typeof slice === 'string') track.failure = slice;
      if (round > 0) track.samples.push(typeof slice === 'string' ? undefined : slice);
    }
  }
  return tracks.map(({ subject: { name, label, twinOf }, samples, failure }) => ({
    name,
    label,
    twinOf,
    samples,
    failure: failure === '' ? undefined : failure,
  }));
}

/** @returns the slice, or why there is none */
async function measureSlice(
  { child, url }: Running,
  load: LoadSender,
  order: RoundsPlan['order'],
): Promise<Slice | string> {
  const startMs = performance.now();
  const foreign = readForeignMicros();
  const before = readTreeUsage(child.pid);
  const result = await load.send({ ...order, url });
  const after = readTreeUsage(child.pid);
  const foreignMicros = (readForeignMicros() ?? 0) - (foreign ?? 0);
  const microsPassed = (performance.now() - startMs) * 1_000;
  if (child.hasEnded()) return (await child.ended).description;
  if (result.requests === 0) return `answered nothing in ${order.seconds} s, ${result.errors} errors`;
  return {
    requestsPerSecond: result.requests / result.seconds,
    cpuMicrosPerRequest: before && after ? (after.cpuMicros - before.cpuMicros) / result.requests : undefined,
    rssMiB: after && after.rssBytes / 2 ** 20,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
    errors: result.errors,
    foreignCores: foreign === undefined ? undefined : Math.max(0, foreignMicros / microsPassed),
  };
}
