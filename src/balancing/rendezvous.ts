/**
 * balancing/rendezvous.ts: every backend bids for a key, the highest bid wins. One that leaves frees its own keys only,
 * one that joins takes its share evenly from all, and nothing has to be built.
 * Sources: Thaler, Ravishankar, "Using Name-Based Mappings to Increase Hit Rates", IEEE/ACM ToN 6(1), 1998; bids by
 * weight: Schindelhauer, Schomaker, "Weighted Distributed Hash Tables", SPAA 2005 (the logarithmic method).
 */
import type { BackendId } from '../core/backend.js';
import { HASHES, hashText, mix } from '../core/hash.js';
import type { Candidate } from './picker.js';

/** Those of one weight. Of these, who draws the highest number bids the most: one logarithm for all of them. */
interface WeightClass<C extends Candidate> {
  readonly weight: number;
  readonly candidates: readonly C[];
  readonly hashes: Uint32Array;
}

export type Bidders<C extends Candidate> = readonly WeightClass<C>[];

export function biddersOf<C extends Candidate>(candidates: readonly C[]): Bidders<C> {
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

/** Looks at every candidate. @returns the highest bidder for the key of this hash among those not tried */
export function highestBidder<C extends Candidate>(
  bidders: Bidders<C>,
  keyHash: number,
  tried: ReadonlySet<BackendId>,
): C | undefined {
  let best: C | undefined;
  let highest = Number.NEGATIVE_INFINITY;
  for (const { weight, candidates, hashes } of bidders) {
    const winner = candidates[highestDraw(candidates, hashes, keyHash, tried)];
    if (winner === undefined) continue;
    // Nobody to compare with: it need not be known how much was bid.
    if (bidders.length === 1) return winner;
    const bid = weight / -Math.log((mix(keyHash ^ hashText(winner.id)) + 0.5) / HASHES);
    if (bid <= highest) continue;
    best = winner;
    highest = bid;
  }
  return best;
}

/** @returns the index of who draws the highest number; -1 when all have been tried */
function highestDraw(
  candidates: readonly Candidate[],
  hashes: Uint32Array,
  keyHash: number,
  tried: ReadonlySet<BackendId>,
): number {
  let best = -1;
  let highest = -1;
  for (let i = 0; i < hashes.length; i++) {
    const drawn = mix(keyHash ^ (hashes[i] ?? 0));
    if (drawn <= highest || isTried(candidates[i], tried)) continue;
    best = i;
    highest = drawn;
  }
  return best;
}

function isTried(candidate: Candidate | undefined, tried: ReadonlySet<BackendId>): boolean {
  return candidate === undefined || (tried.size > 0 && tried.has(candidate.id));
}
