/**
 * simulator/latency.ts: how long one request keeps a backend busy. Each model is a pure function of chance and of the
 * time at which the work begins; models of trouble wrap a model of normal work.
 */
import type { Random } from '../../src/core/random.js';

/** @returns milliseconds of work for a request that begins at `nowMs` */
export type WorkTime = (random: Random, nowMs: number) => number;

export function constant(ms: number): WorkTime {
  return () => ms;
}

/** Exponential, for which queueing theory has exact results. */
export function exponential(meanMs: number): WorkTime {
  return (random) => -meanMs * Math.log(1 - random.next());
}

/**
 * Log-normal: most answers are quick and a few very slow, as measured in many services.
 * @param sigma spread of the logarithm: at 1 the slowest hundredth takes 10 times the median, at 1.5 33 times
 */
export function logNormal(meanMs: number, sigma: number): WorkTime {
  const medianMs = meanMs * Math.exp((-sigma * sigma) / 2);
  return (random) => medianMs * Math.exp(sigma * standardNormal(random));
}

/** Source: Box and Muller, "A Note on the Generation of Random Normal Deviates", 1958. */
function standardNormal(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.next()));
  return radius * Math.cos(2 * Math.PI * random.next());
}

export function slowed(model: WorkTime, factor: number): WorkTime {
  return (random, nowMs) => factor * model(random, nowMs);
}

/** `factor` times the work from `fromMs` to `toMs`, as when other programs share the machine. */
export function slowedBetween(model: WorkTime, factor: number, fromMs: number, toMs: number): WorkTime {
  return (random, nowMs) => model(random, nowMs) * (nowMs >= fromMs && nowMs < toMs ? factor : 1);
}

/** No work is done from `fromMs` to `toMs`, as in a stopped process; work that began before ends in time. */
export function stoppedBetween(model: WorkTime, fromMs: number, toMs: number): WorkTime {
  return (random, nowMs) => model(random, nowMs) + (nowMs >= fromMs && nowMs < toMs ? toMs - nowMs : 0);
}

/** A share of the requests does other work, as where a few reports are made beside many small answers. */
export function mixed(model: WorkTime, share: number, other: WorkTime): WorkTime {
  return (random, nowMs) => (random.next() < share ? other : model)(random, nowMs);
}

export interface Pauses {
  readonly everyMs: number;
  readonly pauseMs: number;
  /** When the first pause begins. */
  readonly firstMs: number;
}

/** All work stops again and again, as in garbage collection; work that meets a pause takes that much longer. */
export function withPauses(model: WorkTime, { everyMs, pauseMs, firstMs }: Pauses): WorkTime {
  return (random, nowMs) => {
    const workMs = model(random, nowMs);
    const sinceMs = (((nowMs - firstMs) % everyMs) + everyMs) % everyMs;
    if (nowMs >= firstMs && sinceMs < pauseMs) return workMs + pauseMs - sinceMs;
    return sinceMs + workMs > everyMs ? workMs + pauseMs : workMs;
  };
}

/** A cold start at `startMs`: `factor` times the work, falling evenly to the normal work over `warmUpMs`. */
export function coldFrom(model: WorkTime, startMs: number, factor: number, warmUpMs: number): WorkTime {
  return (random, nowMs) => {
    const left = 1 - (nowMs - startMs) / warmUpMs;
    return model(random, nowMs) * (left > 0 && left <= 1 ? 1 + (factor - 1) * left : 1);
  };
}
