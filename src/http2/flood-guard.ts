/**
 * http2/flood-guard.ts: bounds how often a peer may do what costs this side more than it. Everything here is allowed by
 * RFC 9113 and harmless in the numbers in which real clients do it (section 10.5).
 */

/**
 * - `resets`: streams that the peer opens and resets, so that work begins for nothing (CVE-2023-44487)
 * - `provokedResets`: streams that the peer breaks so that this side has to reset them (CVE-2025-8671)
 * - `pings`, `settings`: each has to be answered (CVE-2019-9512, CVE-2019-9515)
 * - `emptyFrames`: DATA without content that does not end its stream (CVE-2019-9518)
 * - `priorities`: PRIORITY and PRIORITY_UPDATE (CVE-2019-9513)
 * - `windowUpdates`: WINDOW_UPDATE, each of which may only bring a write of a few bytes (CVE-2019-9511)
 * - `unknownFrames`: frames that are read and mean nothing
 */
export const FLOOD_KINDS = [
  'resets',
  'provokedResets',
  'pings',
  'settings',
  'emptyFrames',
  'priorities',
  'windowUpdates',
  'unknownFrames',
] as const;
export type FloodKind = (typeof FLOOD_KINDS)[number];

/** The most of each kind within about ten seconds; 0 sets no limit. */
export type FloodLimits = Readonly<Record<FloodKind, number>>;

/** The time in which what was spent of a limit comes back, in milliseconds. */
const PERIOD_MS = 10_000;

/** What a connection has left of its limits: a bucket for each kind, which fills again within {@link PERIOD_MS}. */
export class FloodGuard {
  private readonly limits: FloodLimits;
  /** How much of each limit is spent, and when that was so, in milliseconds; made for the first event of each kind. */
  private readonly spent = new Map<FloodKind, { amount: number; atMs: number }>();

  constructor(limits: FloodLimits) {
    this.limits = limits;
  }

  /** Counts an event. @returns `false` if there have been too many */
  allows(kind: FloodKind, nowMs: number): boolean {
    const limit = this.limits[kind];
    if (limit === 0) return true;
    let bucket = this.spent.get(kind);
    if (bucket === undefined) {
      bucket = { amount: 0, atMs: nowMs };
      this.spent.set(kind, bucket);
    }
    const returned = ((nowMs - bucket.atMs) * limit) / PERIOD_MS;
    bucket.amount = Math.max(0, bucket.amount - returned) + 1;
    bucket.atMs = nowMs;
    return bucket.amount <= limit;
  }
}
