/** bench/rounds.ts: rotating turns, in which every subject is measured once a round, and the slice of load that most turns are. */

import { messageOf } from './children.js';
import type { LoadSender, SliceOrder } from './load-tool.js';
import { readForeignMicros, readTreeUsage } from './process-tree.js';
import type { RunningSubject } from './stage.js';
import type { Subject } from './subjects.js';
import type { Column, Sample, Track } from './track.js';

/** One slice of load on one subject. */
export type Slice = {
  readonly requestsPerSecond: number;
  /** User and system time of the subject's whole process tree; `undefined` where the system does not tell. */
  readonly cpuMicrosPerRequest: number | undefined;
  /** Resident memory of the process tree right after the slice. */
  readonly rssMiB: number | undefined;
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
  readonly errors: number;
  /** Number of cores that other programs on the machine kept busy during the slice. */
  readonly foreignCores: number | undefined;
};

const column = (title: string, metric: keyof Slice, way: Column['way'], digits: number): Column => ({
  title,
  metric,
  way,
  digits,
});

/** Columns in which slices are shown. */
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
  /** Whether a round 0 is measured first and thrown away. */
  readonly warmUp: boolean;
  readonly onTurn?: (round: number, name: string) => void;
}

/** @returns 0 to `count` - 1, beginning one later each round, so that no subject is always the first */
export function turnOrder(round: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => (index + round) % count);
}

/** Measures every subject once a round; one for which `measure` throws takes part no more. */
export async function measureInTurn<S extends Pick<Track, 'name' | 'label'> & Pick<Subject, 'twinOf'>>(
  subjects: readonly S[],
  { rounds, warmUp, onTurn }: RoundsPlan,
  measure: (subject: S) => Promise<Sample>,
): Promise<Track[]> {
  const turns = subjects.map((subject) => {
    return { subject, samples: [] as (Sample | undefined)[], failure: undefined as string | undefined };
  });
  for (let round = warmUp ? 0 : 1; round <= rounds; round++) {
    for (const index of turnOrder(warmUp ? round : round - 1, turns.length)) {
      const turn = turns[index];
      if (turn === undefined) continue;
      onTurn?.(round, turn.subject.name);
      let sample: Sample | undefined;
      try {
        if (turn.failure === undefined) sample = await measure(turn.subject);
      } catch (error) {
        turn.failure = messageOf(error);
      }
      if (round > 0) turn.samples.push(sample);
    }
  }
  return turns.map(({ subject: { name, label, twinOf }, samples, failure }) => {
    return { name, label, twinOf, samples, failure };
  });
}

/** @throws {Error} when the subject ends or answers nothing */
export async function measureSlice(
  { child, url }: RunningSubject,
  load: LoadSender,
  order: Omit<SliceOrder, 'url'>,
): Promise<Slice> {
  const startMs = performance.now();
  const foreign = readForeignMicros();
  const before = readTreeUsage(child.pid);
  const result = await load.send({ ...order, url });
  const after = readTreeUsage(child.pid);
  const foreignMicros = (readForeignMicros() ?? 0) - (foreign ?? 0);
  const microsPassed = (performance.now() - startMs) * 1_000;
  if (child.hasEnded()) throw new Error((await child.ended).description);
  if (result.requests === 0) throw new Error(`answered nothing in ${order.seconds} s, ${result.errors} errors`);
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
