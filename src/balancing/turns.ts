/**
 * balancing/turns.ts: the weighted order of last use that breaks ties. Without it equally loaded backends would be
 * taken in the order of the list, or by chance; with it an idle pool rotates, and one weighted 3:1 goes 3:1.
 */

/** What a turn is kept on; beside the counter of requests in flight, never in a snapshot. */
export interface HasTurn {
  readonly weight: number;
  turn: number;
}

/**
 * Those that were passed over while they were busy all start where the clock is. A trifle apart they keep the order in
 * which they were taken; at the very same turn the list's first would win every tie, and have a tenth more than its
 * share. Large enough to outlast the sum with `1 / weight`.
 */
const JUST_AFTER = 1 + 4 * Number.EPSILON;

/** One clock per pool and worker. Source: Goyal, Vin, Chen, "Start-time Fair Queueing", SIGCOMM 1996. */
export class TurnClock {
  #clock = 0;

  /** Counts one request that starts on `chosen` and moves its next turn away by its share. */
  take(chosen: HasTurn): void {
    // Without the max a backend that was out for an hour would return an hour behind, and win every tie until it had
    // caught up: a flood, just when its caches are cold. With it the time it missed is forgotten.
    const start = Math.max(this.#clock * JUST_AFTER, chosen.turn);
    chosen.turn = start + 1 / chosen.weight;
    this.#clock = start;
  }
}
