/** workers/hedge-delay.ts: how long a request waits for its first backend before a second one is asked as well. */
import type { PoolConfig } from '../src/config/schema.js';
import { LatencySketch } from '../src/core/latency-sketch.js';

type Delay = NonNullable<PoolConfig['hedging']>['delay'];

/** The quantile is looked up again when it is older than this, in milliseconds. */
const FRESH_MS = 100;

export class HedgeDelay {
  /** A time of its own, in milliseconds; `undefined` follows what requests take. */
  private readonly fixed: number | undefined;
  private readonly share: number;
  private readonly sketch = new LatencySketch();
  private known: number | undefined;
  private staleAtMs = 0;

  /** @param delay milliseconds, or `p95`: the time in which 95 % of the recent requests were answered */
  constructor(delay: Delay) {
    this.fixed = typeof delay === 'number' ? delay : undefined;
    this.share = typeof delay === 'number' ? 1 : Number(delay.slice(1)) / 100;
  }

  /** A request was answered after `ms` milliseconds, or had to be given up then. */
  observe(ms: number, nowMs: number): void {
    if (this.fixed === undefined) this.sketch.add(ms, nowMs);
  }

  /** @returns milliseconds, at least 1; `undefined` while too few requests were observed */
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
