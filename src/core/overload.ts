/**
 * core/overload.ts: when a worker is so far behind that it answers some requests with 503 so that the others are not
 * late, and how many.
 *
 * The delay of the event loop is the time that a request waits to be read, as a queue's sojourn time is in CoDel (Nichols
 * and Jacobson, RFC 8289): a pause of the collector or the scheduler makes one sample long, a queue that stands all of
 * them. So load is shed when several in a row are too long, and only the share that is too much, as Envoy's scaled
 * triggers do: who sheds all for a moment serves nobody for a moment.
 */

/** Samples in a row above the limit that begin it. */
const BEGIN_AFTER = 3;
/** Samples in a row below half the limit that end it. */
const END_AFTER = 20;

export interface Overload {
  readonly active: boolean;
  /** Of the new requests, between 0 and 1: those that are shed. */
  readonly share: number;
  /** Samples in a row that speak against the present state. */
  readonly against: number;
}

export const AT_EASE: Overload = { active: false, share: 0, against: 0 };

/** @param delayMs the last sample @param limitMs what it may be, more than 0 */
export function afterSample({ active, against }: Overload, delayMs: number, limitMs: number): Overload {
  const isAgainst = active ? delayMs < limitMs / 2 : delayMs > limitMs;
  const inARow = isAgainst ? against + 1 : 0;
  if (active) return inARow >= END_AFTER ? AT_EASE : { active, share: excess(delayMs, limitMs), against: inARow };
  if (inARow < BEGIN_AFTER) return { active, share: 0, against: inARow };
  return { active: true, share: excess(delayMs, limitMs), against: 0 };
}

/** What is ready in a turn takes `delayMs`; without this share of it, it would take `limitMs`. */
function excess(delayMs: number, limitMs: number): number {
  return Math.max(0, 1 - limitMs / delayMs);
}
