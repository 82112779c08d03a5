/** core/random.ts: sources of random numbers, passed as arguments so that a seeded one repeats a run exactly. */

export interface Random {
  /** @returns a uniform float in [0, 1) */
  next(): number;
  /** @returns a uniform integer in [0, bound); `bound` must be a positive integer */
  below(bound: number): number;
}

export const systemRandom: Random = {
  next: () => Math.random(),
  below: (bound) => Math.floor(Math.random() * bound),
};

/** @returns a source whose sequence `seed` determines. Source: mulberry32 by Tommy Ettinger, public domain. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  return { next, below: (bound) => Math.floor(next() * bound) };
}
