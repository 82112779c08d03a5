/** test/fuzz/chance.ts: the few ways in which the generators use chance. */
import type { Random } from '../../src/core/random.js';

export function oneOf<T>(random: Random, list: readonly [T, ...T[]]): T {
  return list[random.below(list.length)] ?? list[0];
}

/** True one time in `times`. */
export function oneIn(random: Random, times: number): boolean {
  return random.below(times) === 0;
}

/** Mostly one of `good`, one time in `times` one of `bad`. */
export function mostly<T>(random: Random, good: readonly [T, ...T[]], bad: readonly [T, ...T[]], times: number): T {
  return oneOf(random, oneIn(random, times) ? bad : good);
}

/** @returns up to `most` of what `make` makes */
export function several<T>(random: Random, most: number, make: () => T): T[] {
  return Array.from({ length: random.below(most + 1) }, make);
}
