/**
 * workers/hedge-delay.ts: the time after which a request without a response is hedged: sent to a second backend as
 * well.
 */
import type { PoolConfig } from '../src/config/schema.js';
import { LatencySketch } from '../src/core/latency-sketch.js';

type Delay = NonNullable<PoolConfig['hedging']>['delay'];

/** Age at which the quantile is computed again. */
const FRESH_MS = 100;

export class HedgeDelay {
  /** The configured delay in milliseconds; `undefined`: a quantile of recent response times. */
  private readonly fixed: number | undefined;
  /** The quantile, 0 to 1. */
  private readonly share: number;
  private readonly sketch = new LatencySketch();
  private known: number | undefined;
  private staleAtMs = 0;

  /**
   * @param delay milliseconds, or a quantile: `p95` is the time within which 95 % of the recent requests were answered
   */
  constructor(delay: Delay) {
    this.fixed = typeof delay === 'number' ? delay : undefined;
    this.share = typeof delay === 'number' ? 1 : Number(delay.slice(1)) / 100;
  }

  /** Records a request that was answered, or abandoned, after `ms`. */
  observe(ms: number, nowMs: number): void {
    if (this.fixed === undefined) this.sketch.add(ms, nowMs);
  }

  /** @returns the delay in milliseconds, at least 1; `undefined` while too few requests have been recorded */
  ms(nowMs: number): number | undefined {
    if (this.fixed !== undefined) return this.fixed;
    if (this.known === undefined || nowMs >= this.staleAtMs) {
      const found = this.sketch.quantile(this.share, nowMs);
      this.known = found === undefined ? undefined : Math.max(1, found);
      this.staleAtMs = nowMs + FRESH_MS;
    }
    return this.known;
  }
}
