/** bench/rounds.ts: short slices of load that rotate over proxies which all stay up, and what one slice measures. */
import type { Children } from './children.js';
import type { Load, LoadOrder } from './load.js';
import { readTreeUsage } from './process-tree.js';
import type { Running } from './stage.js';

/** Beyond the load's own seconds; a generator that hangs must not hang the bench. */
const GRACE_MS = 15_000;

/** One slice of load on one subject. */
export interface Slice {
  readonly requestsPerSecond: number;
  /** User and system time of the subject's whole process tree; `undefined` where the system does not tell. */
  readonly cpuMicrosPerRequest: number | undefined;
  /** Resident memory of the tree right after the slice. */
  readonly rssBytes: number | undefined;
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
  readonly errors: number;
}

export interface Measured {
  readonly name: string;
  readonly label: string;
  /** One per round; `undefined` where the subject had failed. */
  readonly slices: readonly (Slice | undefined)[];
  /** Why it left before the last round. */
  readonly failure: string | undefined;
}

export interface RoundsPlan {
  readonly rounds: number;
  readonly order: Omit<LoadOrder, 'url'>;
  readonly loadCores: readonly number[];
  readonly onRound: (round: number) => void;
}

/** @returns 0 to `count` - 1, beginning one later each round, so that nobody always follows the same neighbour's end */
export function turnOrder(round: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => (index + round) % count);
}

/** Round 0 warms every subject up and is not kept. */
export async function measureRounds(
  subjects: readonly Running[],
  load: Load,
  children: Children,
  plan: RoundsPlan,
): Promise<Measured[]> {
  const tracks = subjects.map((subject) => ({ subject, slices: [] as (Slice | undefined)[], failure: '' }));
  for (let round = 0; round <= plan.rounds; round++) {
    plan.onRound(round);
    for (const turn of turnOrder(round, tracks.length)) {
      const track = tracks[turn];
      if (track === undefined) continue;
      const slice = track.failure === '' ? await measureSlice(track.subject, load, children, plan) : undefined;
      if (typeof slice === 'string') track.failure = slice;
      if (round > 0) track.slices.push(typeof slice === 'string' ? undefined : slice);
    }
  }
  return tracks.map(({ subject: { name, label }, slices, failure }) => ({
    name,
    label,
    slices,
    failure: failure === '' ? undefined : failure,
  }));
}

/** @returns the slice, or why there is none */
async function measureSlice(
  { child, url }: Running,
  load: Load,
  children: Children,
  { order, loadCores }: RoundsPlan,
): Promise<Slice | string> {
  const before = readTreeUsage(child.pid);
  const withinMs = order.seconds * 1_000 + GRACE_MS;
  const output = await children.run(load.command({ ...order, url }), loadCores, withinMs);
  const after = readTreeUsage(child.pid);
  if (child.hasEnded()) return (await child.ended).description;
  const result = load.parse(output);
  if (result.requests === 0) return `answered nothing in ${order.seconds} s, ${result.errors} errors`;
  return {
    requestsPerSecond: result.requests / result.seconds,
    cpuMicrosPerRequest: before && after ? (after.cpuMicros - before.cpuMicros) / result.requests : undefined,
    rssBytes: after?.rssBytes,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
    errors: result.errors,
  };
}
