/**
 * balancing/rendezvous.ts: every backend bids for a key, the highest bid wins. One that leaves frees its own keys only,
 * one that joins takes its share evenly from all, and nothing has to be built.
 * Sources: Thaler, Ravishankar, "Using Name-Based Mappings to Increase Hit Rates", IEEE/ACM ToN 6(1), 1998; bids by
 * weight: Schindelhauer, Schomaker, "Weighted Distributed Hash Tables", SPAA 2005 (the logarithmic method).
 */
import type { BackendId } from '../core/backend.js';
import { HASHES, hashText, mix } from '../core/hash.js';
import type { Candidate } from './picker.js';
import { sameWeight } from './shares.js';

export interface Bidders<C extends Candidate> {
  readonly candidates: readonly C[];
  readonly hashes: Uint32Array;
  /** All weigh the same, so that the logarithm can be spared. */
  readonly even: boolean;
}

export function biddersOf<C extends Candidate>(candidates: readonly C[]): Bidders<C> {
  const hashes = Uint32Array.from(candidates, ({ id }) => hashText(id));
  return { candidates, hashes, even: sameWeight(candidates) };
}

/** Looks at every candidate. @returns the highest bidder for the key of this hash among those not tried */
export function highestBidder<C extends Candidate>(
  { candidates, hashes, even }: Bidders<C>,
  keyHash: number,
  tried: ReadonlySet<BackendId>,
): C | undefined {
  let best: C | undefined;
  let highest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < candidates.length; i++) {
    const candidate = candidates[i];
    if (candidate === undefined || (tried.size > 0 && tried.has(candidate.id))) continue;
    const drawn = mix(keyHash ^ (hashes[i] ?? 0));
    const bid = even ? drawn : candidate.weight / -Math.log((drawn + 0.5) / HASHES);
    if (bid <= highest) continue;
    best = candidate;
    highest = bid;
  }
  return best;
}
