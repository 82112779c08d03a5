/**
 * core/overload.ts: decides when an overloaded worker sheds load (answers requests with 503 so that the others are not
 * late), and what share of it.
 *
 * The delay of the event loop is the time for which a request waits to be read, like the sojourn time of a queue in
 * CoDel (Nichols and Jacobson, RFC 8289): a pause of the garbage collector or the scheduler makes one sample long, a
 * standing queue makes all of them long. So shedding begins after several long samples in a row, and only the excess is
 * shed, as in Envoy's scaled overload triggers: shedding everything for a moment would serve nobody for that moment.
 */

/** Consecutive samples above the limit after which shedding begins. */
const BEGIN_AFTER = 3;
/** Consecutive samples below half the limit after which shedding ends. */
const END_AFTER = 20;

export interface Overload {
  readonly active: boolean;
  /** Share of the new requests that is shed, 0 to 1. */
  readonly share: number;
  /** Consecutive samples that contradict `active`. */
  readonly against: number;
}

export const AT_EASE: Overload = { active: false, share: 0, against: 0 };

/** @param delayMs the newest sample of the event loop's delay @param limitMs the delay that is allowed, above 0 */
export function afterSample({ active, against }: Overload, delayMs: number, limitMs: number): Overload {
  const isAgainst = active ? delayMs < limitMs / 2 : delayMs > limitMs;
  const inARow = isAgainst ? against + 1 : 0;
  if (active) return inARow >= END_AFTER ? AT_EASE : { active, share: excess(delayMs, limitMs), against: inARow };
  if (inARow < BEGIN_AFTER) return { active, share: 0, against: inARow };
  return { active: true, share: excess(delayMs, limitMs), against: 0 };
}

/** @returns the share of the work of a turn without which the turn would take `limitMs` instead of `delayMs`, 0 to 1 */
function excess(delayMs: number, limitMs: number): number {
  return Math.max(0, 1 - limitMs / delayMs);
}
