/**
 * simulator/latency.ts: how long one request keeps a backend busy. Each model is a pure function of chance and of the
 * time at which the work begins; models of trouble wrap the model of the good days.
 */
import type { Random } from '../../src/core/random.js';

/** @returns milliseconds of work for a request that begins at `nowMs` */
export type Latency = (random: Random, nowMs: number) => number;

export function constant(ms: number): Latency {
  return () => ms;
}

/** Memoryless: what queueing theory has exact answers for. */
export function exponential(meanMs: number): Latency {
  return (random) => -meanMs * Math.log(1 - random.next());
}

/**
 * Most answers quick, a few very slow, as measured in many services.
 * @param sigma spread of the logarithm: at 1 the slowest hundredth takes 10 times the median, at 1.5 33 times
 */
export function logNormal(meanMs: number, sigma: number): Latency {
  const medianMs = meanMs * Math.exp((-sigma * sigma) / 2);
  return (random) => medianMs * Math.exp(sigma * standardNormal(random));
}

/** Source: Box and Muller, "A Note on the Generation of Random Normal Deviates", 1958. */
function standardNormal(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.next()));
  return radius * Math.cos(2 * Math.PI * random.next());
}

export function slowed(model: Latency, factor: number): Latency {
  return (random, nowMs) => factor * model(random, nowMs);
}

/** Other work shares the machine from `fromMs` to `toMs`. */
export function slowedBetween(model: Latency, factor: number, fromMs: number, toMs: number): Latency {
  return (random, nowMs) => model(random, nowMs) * (nowMs >= fromMs && nowMs < toMs ? factor : 1);
}

/** Nothing moves from `fromMs` to `toMs`: a stopped process. What has begun before is answered. */
export function stoppedBetween(model: Latency, fromMs: number, toMs: number): Latency {
  return (random, nowMs) => model(random, nowMs) + (nowMs >= fromMs && nowMs < toMs ? toMs - nowMs : 0);
}

export interface Pauses {
  readonly everyMs: number;
  readonly pauseMs: number;
  /** When the first one begins. */
  readonly firstMs: number;
}

/** The world stops again and again, as in garbage collection: work that meets a pause takes that much longer. */
export function withPauses(model: Latency, { everyMs, pauseMs, firstMs }: Pauses): Latency {
  return (random, nowMs) => {
    const workMs = model(random, nowMs);
    const sinceMs = (((nowMs - firstMs) % everyMs) + everyMs) % everyMs;
    if (nowMs >= firstMs && sinceMs < pauseMs) return workMs + pauseMs - sinceMs;
    return sinceMs + workMs > everyMs ? workMs + pauseMs : workMs;
  };
}

/** Caches and compilers are cold at `startMs`: `factor` times the work, falling evenly to once over `warmUpMs`. */
export function coldFrom(model: Latency, startMs: number, factor: number, warmUpMs: number): Latency {
  return (random, nowMs) => {
    const left = 1 - (nowMs - startMs) / warmUpMs;
    return model(random, nowMs) * (left > 0 && left <= 1 ? 1 + (factor - 1) * left : 1);
  };
}
