/**
 * workers/http/h1/body-pace.ts: holds the body of a request to a least rate, so that a few bytes now and then do not keep a
 * backend's connection for hours. The time for which a client may still be silent falls while it is waited for and
 * grows with each byte. It needs no timer of its own: the connection's is set to what is left.
 */

export class BodyPace {
  private readonly graceMs: number;
  /** How long the client may still be silent, in milliseconds, as of the last call. */
  private leftMs: number;
  /** Since when the client is waited for, in milliseconds of the worker's coarse clock; -1 while it is not. */
  private sinceMs = -1;

  /** @param graceMs how long a client that has not sent anything may be silent, and the most that it can save up */
  constructor(graceMs: number) {
    this.graceMs = graceMs;
    this.leftMs = graceMs;
  }

  /** More is waited for. @returns how long the client may still be silent, in milliseconds, at least 1 */
  waits(nowMs: number): number {
    this.rests(nowMs);
    this.sinceMs = nowMs;
    return Math.max(this.leftMs, 1);
  }

  /** Nothing is waited for: the rest of the body has nowhere to go yet. */
  rests(nowMs: number): void {
    if (this.sinceMs >= 0) this.leftMs -= nowMs - this.sinceMs;
    this.sinceMs = -1;
  }

  /** The client has sent `bytes` more. @param rate bytes a second that it ought to send at least; 0 for any number */
  sent(bytes: number, rate: number, nowMs: number): void {
    this.rests(nowMs);
    if (rate > 0) this.leftMs = Math.min(this.leftMs + (bytes * 1_000) / rate, this.graceMs);
  }

  /** For how long the client has been silent, in milliseconds. */
  silentMs(nowMs: number): number {
    return this.sinceMs < 0 ? 0 : nowMs - this.sinceMs;
  }
}
