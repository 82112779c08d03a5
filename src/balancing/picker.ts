/**
 * balancing/picker.ts: the interface of a policy. It gets the eligible backends once per snapshot and returns one of
 * them once per attempt. The list of policies is policies.ts.
 */
import type { BackendId } from '../core/backend.js';
import type { Latency } from './latency.js';

/** A backend as policies see it: its id, its weight, and its load and speed as known to this worker. */
export interface Candidate {
  readonly id: BackendId;
  /**
   * Share of the traffic relative to other weights, above 0. A change takes effect at the next {@link Picker.update}.
   */
  readonly weight: number;
  /** Requests that this worker has open on the backend; those of other workers are not counted. */
  readonly inflight: number;
  /** Weighted order of last use, which breaks ties: a smaller number was used less recently (turns.ts). */
  readonly turn: number;
  /** Estimate of its latency; updated only for policies for which `isTimed` (policies.ts) is true. */
  readonly latency: Latency;
}

/** Decides which backend serves one request or connection. Synchronous, no I/O: this is the hot path. */
export interface Picker<C extends Candidate = Candidate> {
  /** Replaces the candidates. They are filtered once per snapshot, not per pick, and may be none. */
  update(eligible: readonly C[]): void;
  /**
   * @param tried backends on which this request has failed; empty for a first attempt
   * @param key the value that policies with affinity hash: client address, path, header or cookie; '' if there is none
   * @returns the chosen candidate; `undefined` if all have been tried
   */
  pick(tried: ReadonlySet<BackendId>, key: string): C | undefined;
  /** Must be called after `inflight` of a candidate has changed by `by`; only policies that depend on it have this. */
  loadChanged?(candidate: C, by: 1 | -1): void;
}
