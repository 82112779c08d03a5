/** bench/scenarios/in-turn.ts: measures subjects in turns, each time on a freshly started process. */
import { measureInTurn } from '../rounds.js';
import type { ScenarioContext, ScenarioResult } from '../scenario.js';
import type { Subject } from '../subjects.js';
import type { Sample } from '../track.js';

/** @param measure starts one subject, measures and ends it; a subject for which it throws takes part no more */
export async function eachInTurn(
  { subjects, progress }: ScenarioContext,
  rounds: number,
  measure: (subject: Subject) => Promise<Sample>,
): Promise<Pick<ScenarioResult, 'tracks' | 'absent'>> {
  const found = subjects.map((subject) => ({ ...subject, ...subject.find() }));
  const installed = found.filter((subject) => 'label' in subject);
  const onTurn = (round: number, name: string): void => progress(`round ${round}/${rounds}: ${name}`);
  return {
    tracks: await measureInTurn(installed, { rounds, warmUp: false, onTurn }, measure),
    absent: found.flatMap((subject) => ('missing' in subject ? [{ name: subject.name, reason: subject.missing }] : [])),
  };
}
