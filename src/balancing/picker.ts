/**
 * balancing/picker.ts: the contract that every policy keeps. A policy is told the eligible backends once per snapshot
 * and asked for one of them once per attempt. The list of policies is policies.ts.
 */
import type { BackendId } from '../core/backend.js';
import type { Latency } from './latency.js';

/** A backend as a policy sees it: who it is, its share, and what this worker knows of its load. */
export interface Candidate {
  readonly id: BackendId;
  /** Above 0; twice the weight, twice the traffic. A change takes effect with the next {@link Picker.update}. */
  readonly weight: number;
  /** Requests open in this worker; other workers are not counted. */
  readonly inflight: number;
  /** Weighted order of last use, for ties: the smaller one waited longer. Kept by whoever counts `inflight`. */
  readonly turn: number;
  /** What is known of its speed; filled in only for policies that `isTimed` (policies.ts) names. */
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
