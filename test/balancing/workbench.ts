/** test/balancing/workbench.ts: candidates with the counters that dispatch keeps for them, and a way to run requests. */
import type { Candidate, Picker } from '../../src/balancing/picker.js';
import { TurnClock } from '../../src/balancing/turns.js';
import { type BackendId, backendIdSchema } from '../../src/core/backend.js';

export interface Counted extends Candidate {
  weight: number;
  inflight: number;
  turn: number;
}

export const NONE: ReadonlySet<BackendId> = new Set();

export function idOf(name: string): BackendId {
  return backendIdSchema.parse(name);
}

export function candidate(name: string, weight = 1, inflight = 0): Counted {
  return { id: idOf(name), weight, inflight, turn: 0 };
}

/** Candidates named a, b, c ... with these weights. */
export function candidates(...weights: readonly number[]): Counted[] {
  return weights.map((weight, i) => candidate(String.fromCharCode(97 + i), weight));
}

/** Candidates named 0, 1, 2 ..., all of weight 1. */
export function uniform(count: number): Counted[] {
  return Array.from({ length: count }, (_, i) => candidate(String(i)));
}

/** Picks and counts in, as dispatch does. */
export class Desk {
  readonly #picker: Picker<Counted>;
  readonly #clock = new TurnClock();

  constructor(picker: Picker<Counted>, eligible: readonly Counted[]) {
    this.#picker = picker;
    picker.update(eligible);
  }

  /** Starts a request and leaves it open. */
  open(tried: ReadonlySet<BackendId> = NONE): Counted | undefined {
    const chosen = this.#picker.pick(tried, '');
    if (chosen === undefined) return undefined;
    this.#clock.take(chosen);
    chosen.inflight++;
    return chosen;
  }

  /** One request after the other, each over before the next: the names that served them. */
  serve(count: number): string[] {
    return Array.from({ length: count }, () => {
      const chosen = this.open();
      if (chosen === undefined) return 'nobody';
      chosen.inflight--;
      return chosen.id;
    });
  }

  update(eligible: readonly Counted[]): void {
    this.#picker.update(eligible);
  }
}

/** How often each name occurs. */
export function tally(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
