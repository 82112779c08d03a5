/** test/fuzz/fuzz.ts: the loop: makes inputs from a seed, compares the readings of each, and keeps the score. */
import { type Random, seeded } from '../../src/core/random.js';
import { oneIn, oneOf } from './chance.js';
import { compare } from './compare.js';
import { CORPUS } from './corpus.js';
import { draftInput } from './grammar.js';
import type { Input } from './message.js';
import { minimise } from './minimise.js';
import { disturbBytes, render } from './mutate.js';

export interface Finding {
  /** As small as it could be made. */
  readonly input: Input;
  readonly difference: string;
}

export interface Score {
  inputs: number;
  /** Inputs of which at least one whole message was taken. */
  accepted: number;
  readonly findings: Finding[];
}

/** More findings than this are one finding many times. */
const MAX_FINDINGS = 20;
/** Larger than this and cutting at every byte costs more than it finds. */
const CUT_EVERYWHERE = 200;

/** Compares every input of the corpus, cut at every byte and not at all. */
export function replayCorpus(): Score {
  const score: Score = { inputs: 0, accepted: 0, findings: [] };
  for (const input of CORPUS) for (const cuts of [[], everywhere(input.text)]) judge(score, input, cuts);
  return score;
}

/**
 * Makes and compares inputs while `more` says so.
 * @param seed names the run: the same seed gives the same inputs
 */
export function fuzz(seed: number, more: (score: Score) => boolean): Score {
  const random = seeded(seed);
  const score: Score = { inputs: 0, accepted: 0, findings: [] };
  while (score.findings.length < MAX_FINDINGS && more(score)) {
    const input = makeInput(random);
    judge(score, input, cutsOf(random, input.text));
  }
  return score;
}

function makeInput(random: Random): Input {
  const [first, ...others] = CORPUS;
  if (first === undefined || !oneIn(random, 8)) return render(random, draftInput(random));
  const known = oneOf(random, [first, ...others]);
  return { ...known, text: disturbBytes(random, known.text) };
}

function cutsOf(random: Random, text: string): number[] {
  if (text.length <= CUT_EVERYWHERE && oneIn(random, 16)) return everywhere(text);
  const cuts = Array.from({ length: 1 + random.below(4) }, () => random.below(text.length + 1));
  return cuts.sort((a, b) => a - b);
}

function everywhere(text: string): number[] {
  return Array.from({ length: Math.max(text.length - 1, 0) }, (_, i) => i + 1);
}

function judge(score: Score, input: Input, cuts: readonly number[]): void {
  const { accepted, difference } = compare(input, cuts);
  score.inputs += 1;
  if (accepted > 0) score.accepted += 1;
  if (difference !== '') score.findings.push(smallest(input, difference));
}

function smallest(input: Input, difference: string): Finding {
  const whole = (text: string): string => compare({ ...input, text }, []).difference;
  const cut = (text: string): string => compare({ ...input, text }, everywhere(text)).difference;
  // Most do not depend on the cuts, and then each try costs a thousandth.
  const look = whole(input.text) === '' ? cut : whole;
  if (look(input.text) === '') return { input, difference };
  const text = minimise(input.text, (candidate) => look(candidate) !== '');
  return { input: { ...input, text }, difference: look(text) };
}
