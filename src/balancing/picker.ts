/**
 * balancing/picker.ts: the contract every policy keeps, and the only list of policies. A policy is told the eligible
 * backends once per snapshot and asked for one of them once per attempt.
 */
import type { BackendId } from '../core/backend.js';
import type { Random } from '../core/random.js';
import type { Latency } from './latency.js';
import { leastConnections } from './least-connections.js';
import { maglev } from './maglev.js';
import type { MaglevTable } from './maglev-table.js';
import { peakEwma } from './peak-ewma.js';
import { randomChoice } from './random.js';
import { roundRobin } from './round-robin.js';
import { sourceIp } from './source-ip.js';
import { twoChoices } from './two-choices.js';

/** A backend as a policy sees it: who it is, its share, and what this worker knows of its load. */
export interface Candidate {
  readonly id: BackendId;
  /** Above 0; twice the weight, twice the traffic. A change takes effect with the next {@link Picker.update}. */
  readonly weight: number;
  /** Requests open in this worker; other workers are not counted. */
  readonly inflight: number;
  /** Weighted order of last use, for ties: the smaller one waited longer. Kept by whoever counts `inflight`. */
  readonly turn: number;
  /** What is known of its speed; filled in only where {@link isTimed}. */
  readonly latency: Latency;
}

/** Decides which backend serves one request or connection. Synchronous, no I/O: this is the hot path. */
export interface Picker<C extends Candidate = Candidate> {
  /** Replaces what may be picked. Filtered once per snapshot, never per pick; may be empty. */
  update(eligible: readonly C[]): void;
  /**
   * @param tried where this request already failed; empty at first
   * @param key what affinity hashes: client address, path, header or cookie; '' where there is none
   * @returns the chosen candidate, or `undefined` when every eligible one has been tried
   */
  pick(tried: ReadonlySet<BackendId>, key: string): C | undefined;
  /** To be called after a candidate's `inflight` has changed `by` one; only policies that keep count have this. */
  loadChanged?(candidate: C, by: 1 | -1): void;
}

export const POLICIES = [
  'two-choices',
  'round-robin',
  'least-connections',
  'random',
  'peak-ewma',
  'source-ip',
  'maglev',
] as const;
export type PolicyName = (typeof POLICIES)[number];

/** What policies need from outside. */
export interface PolicyParts {
  /** The only source of chance, so that a seed replays every choice. */
  readonly random: Random;
  /** Milliseconds of a clock that never goes back; may be coarse. */
  readonly nowMs: () => number;
  /** The newest Maglev table; read at each update. */
  readonly table: () => MaglevTable | undefined;
  /** How many times its share of the load `maglev` lets a backend have. */
  readonly balanceFactor: number;
}

export function createPicker<C extends Candidate>(policy: PolicyName, parts: PolicyParts): Picker<C> {
  switch (policy) {
    case 'two-choices':
      return twoChoices(parts.random);
    case 'round-robin':
      return roundRobin();
    case 'least-connections':
      return leastConnections();
    case 'random':
      return randomChoice(parts.random);
    case 'peak-ewma':
      return peakEwma(parts.random, parts.nowMs);
    case 'source-ip':
      return sourceIp(parts.random);
    case 'maglev':
      return maglev(parts.random, parts.table, parts.balanceFactor);
  }
}

/** Whether the policy reads the key that it is asked with. */
export function isKeyed(policy: PolicyName): boolean {
  return policy === 'source-ip' || policy === 'maglev';
}

/** Whether the policy reads {@link Candidate.latency}, so that answers have to be timed. */
export function isTimed(policy: PolicyName): boolean {
  return policy === 'peak-ewma';
}
