/** bench/scenarios/in-turn.ts: what has to be measured on a fresh process, round by round, each subject in its turn. */
import { turnOrder } from '../rounds.js';
import type { Bench, Result } from '../scenario.js';
import type { Absent } from '../stage.js';
import type { Subject } from '../subjects.js';
import type { Sample, Track } from '../track.js';

interface Turn {
  readonly subject: Subject;
  readonly label: string;
  readonly samples: Sample[];
  failure: string | undefined;
}

/** @param measure starts one subject, measures and ends it; a subject for which it throws takes part no more */
export async function eachInTurn(
  { subjects, progress }: Bench,
  rounds: number,
  measure: (subject: Subject) => Promise<Sample>,
): Promise<Pick<Result, 'tracks' | 'absent'>> {
  const found = subjects.map((subject) => ({ subject, found: subject.find() }));
  const absent = found.flatMap(({ subject: { name }, found }): Absent[] =>
    'missing' in found ? [{ name, reason: found.missing }] : [],
  );
  const turns = found.flatMap(({ subject, found }): Turn[] =>
    'label' in found ? [{ subject, label: found.label, samples: [], failure: undefined }] : [],
  );
  for (let round = 0; round < rounds; round++) {
    for (const index of turnOrder(round, turns.length)) {
      const turn = turns[index];
      if (turn === undefined || turn.failure !== undefined) continue;
      progress(`round ${round + 1}/${rounds}: ${turn.subject.name}`);
      await take(turn, measure);
    }
  }
  return { tracks: turns.map(trackOf), absent };
}

async function take(turn: Turn, measure: (subject: Subject) => Promise<Sample>): Promise<void> {
  try {
    turn.samples.push(await measure(turn.subject));
  } catch (error) {
    turn.failure = error instanceof Error ? error.message : String(error);
  }
}

function trackOf({ subject: { name, twinOf }, label, samples, failure }: Turn): Track {
  return { name, label, twinOf, samples, failure };
}
