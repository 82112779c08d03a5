/**
 * balancing/turns.ts: the weighted order of last use, by which policies break ties. Without it equally loaded backends
 * would be taken in the order of the list, or at random; with it an idle pool rotates, and weights 3:1 give traffic of
 * 3:1.
 */

/** A backend with a turn. The turn is kept beside the counter of requests in flight, never in a snapshot. */
export interface HasTurn {
  readonly weight: number;
  turn: number;
}

/**
 * Factor by which the clock moves on at each turn. Backends that were passed over while busy all start at the clock; a
 * minimal distance keeps the order in which they were taken. At equal turns the first in the list would win every tie
 * and get a tenth more than its share. Large enough not to be lost when `1 / weight` is added.
 */
const JUST_AFTER = 1 + 4 * Number.EPSILON;

/** Virtual clock of one pool in one worker. Source: Goyal, Vin, Chen, "Start-time Fair Queueing", SIGCOMM 1996. */
export class TurnClock {
  #clock = 0;

  /** Records a request that starts on `chosen`: its next turn is later by `1 / weight`. */
  take(chosen: HasTurn): void {
    // Without the max a backend that was out for an hour would return with an old turn and win every tie until it had
    // caught up: a flood while its caches are cold. With it the missed time is forgotten.
    const start = Math.max(this.#clock * JUST_AFTER, chosen.turn);
    chosen.turn = start + 1 / chosen.weight;
    this.#clock = start;
  }
}
