/** core/renewal.ts: when a certificate is renewed, and when a CA is asked again that has given out none. */

/** Share of its lifetime after which a certificate is renewed: days before it ends, or hours if it lives that long. */
const SHARE = 2 / 3;
/** Share of the lifetime over which renewals are spread, so that hosts that began together do not stay together. */
const SPREAD = 1 / 50;

/** How a try has failed: the CA has not answered, or is out of order; or it has refused the order. */
export type Failure = 'unreachable' | 'refused';

/** First pause and longest one, in milliseconds. CAs allow few failed orders in an hour. */
const PAUSES: Readonly<Record<Failure, { readonly first: number; readonly longest: number }>> = {
  unreachable: { first: 5_000, longest: 600_000 },
  refused: { first: 30_000, longest: 3_600_000 },
};
/** Shortest pause where little is left of a certificate, in milliseconds. */
const SHORTEST_MS = 1_000;
/** Tries that are wanted at least in what is left of a certificate. */
const TRIES_LEFT = 10;

/**
 * @param chance from 0 to 1
 * @returns when to renew a certificate that is good from `notBeforeMs` to `notAfterMs`
 */
export function renewalMs(notBeforeMs: number, notAfterMs: number, chance: number): number {
  return notBeforeMs + (notAfterMs - notBeforeMs) * (SHARE + SPREAD * chance);
}

/**
 * @param failures in a row, from 1
 * @param leftMs how long the certificate in use is good for; `undefined` where there is none
 * @param chance from 0 to 1
 * @returns the pause before the next try, in milliseconds; it doubles with each failure
 */
export function retryPauseMs(failure: Failure, failures: number, leftMs: number | undefined, chance: number): number {
  const { first, longest } = PAUSES[failure];
  const pause = Math.min(longest, first * 2 ** Math.min(failures - 1, 30)) * (0.75 + 0.5 * chance);
  if (leftMs === undefined || leftMs <= 0) return pause;
  return Math.max(SHORTEST_MS, Math.min(pause, leftMs / TRIES_LEFT));
}
