/**
 * balancing/rendezvous.ts: rendezvous hashing (highest random weight): each backend has a score for a key, and the
 * highest score wins. A backend that leaves frees only its own keys, one that joins takes its share evenly from all,
 * and no table has to be built.
 * Sources: Thaler, Ravishankar, "Using Name-Based Mappings to Increase Hit Rates", IEEE/ACM ToN 6(1), 1998; scores by
 * weight: Schindelhauer, Schomaker, "Weighted Distributed Hash Tables", SPAA 2005 (the logarithmic method).
 */
import type { BackendId } from '../core/backend.js';
import { HASHES, hashText, mix } from '../core/hash.js';
import type { Candidate } from './picker.js';

/**
 * Candidates of one weight. The highest hash among them has the highest score, so one logarithm does for all of them.
 */
interface RendezvousClass<C extends Candidate> {
  readonly weight: number;
  readonly candidates: readonly C[];
  readonly hashes: Uint32Array;
}

export type RendezvousClasses<C extends Candidate> = readonly RendezvousClass<C>[];

/** Groups candidates by weight and hashes their ids, once per snapshot. */
export function rendezvousClasses<C extends Candidate>(candidates: readonly C[]): RendezvousClasses<C> {
  const byWeight = new Map<number, C[]>();
  for (const candidate of candidates) {
    const others = byWeight.get(candidate.weight);
    if (others === undefined) byWeight.set(candidate.weight, [candidate]);
    else others.push(candidate);
  }
  return [...byWeight].map(([weight, ofWeight]) => ({
    weight,
    candidates: ofWeight,
    hashes: Uint32Array.from(ofWeight, ({ id }) => hashText(id)),
  }));
}

/**
 * Looks at every candidate.
 * @returns the untried candidate with the highest score for a key; `undefined` if all were tried
 */
export function highestScoring<C extends Candidate>(
  classes: RendezvousClasses<C>,
  keyHash: number,
  tried: ReadonlySet<BackendId>,
): C | undefined {
  let best: C | undefined;
  let highest = Number.NEGATIVE_INFINITY;
  for (const { weight, candidates, hashes } of classes) {
    const winner = candidates[indexOfHighest(candidates, hashes, keyHash, tried)];
    if (winner === undefined) continue;
    // All candidates have one weight: the score itself is not needed.
    if (classes.length === 1) return winner;
    const score = weight / -Math.log((mix(keyHash ^ hashText(winner.id)) + 0.5) / HASHES);
    if (score <= highest) continue;
    best = winner;
    highest = score;
  }
  return best;
}

/** @returns the index of the untried candidate with the highest hash for the key; -1 if all were tried */
function indexOfHighest(
  candidates: readonly Candidate[],
  hashes: Uint32Array,
  keyHash: number,
  tried: ReadonlySet<BackendId>,
): number {
  let best = -1;
  let highest = -1;
  for (let i = 0; i < hashes.length; i++) {
    const hash = mix(keyHash ^ (hashes[i] ?? 0));
    if (hash <= highest || isTried(candidates[i], tried)) continue;
    best = i;
    highest = hash;
  }
  return best;
}

function isTried(candidate: Candidate | undefined, tried: ReadonlySet<BackendId>): boolean {
  return candidate === undefined || (tried.size > 0 && tried.has(candidate.id));
}
