/**
 * balancing/picker.ts: the contract every policy keeps, and the only list of policies. A policy is told the eligible
 * backends once per snapshot and asked for one of them once per attempt.
 */
import type { BackendId } from '../core/backend.js';
import type { Random } from '../core/random.js';
import { leastConnections } from './least-connections.js';
import { randomChoice } from './random.js';
import { roundRobin } from './round-robin.js';
import { twoChoices } from './two-choices.js';

/** A backend as a policy sees it: who it is, its share, and what this worker knows of its load. */
export interface Candidate {
  readonly id: BackendId;
  /** Positive integer; twice the weight, twice the traffic. */
  readonly weight: number;
  /** Requests open in this worker; other workers are not counted. */
  readonly inflight: number;
  /** Weighted order of last use, for ties: the smaller one waited longer. Kept by whoever counts `inflight`. */
  readonly turn: number;
}

/** Decides which backend serves one request or connection. Synchronous, no I/O: this is the hot path. */
export interface Picker<C extends Candidate = Candidate> {
  /** Replaces what may be picked. Filtered once per snapshot, never per pick; may be empty. */
  update(eligible: readonly C[]): void;
  /**
   * @param tried where this request already failed; empty at first
   * @param key what affinity hashes: client address, cookie or header
   * @returns the chosen candidate, or `undefined` when every eligible one has been tried
   */
  pick(tried: ReadonlySet<BackendId>, key: string): C | undefined;
}

export const POLICIES = ['two-choices', 'round-robin', 'least-connections', 'random'] as const;
export type PolicyName = (typeof POLICIES)[number];

/** @param random the only source of chance, so that a seed replays every choice */
export function createPicker<C extends Candidate>(policy: PolicyName, random: Random): Picker<C> {
  switch (policy) {
    case 'two-choices':
      return twoChoices(random);
    case 'round-robin':
      return roundRobin();
    case 'least-connections':
      return leastConnections();
    case 'random':
      return randomChoice(random);
  }
}
