/** test/balancing/workbench.ts: candidates with the counters that dispatch keeps for them, and a way to run requests. */
import { Latency } from '../../src/balancing/latency.js';
import { buildMaglevTable, type MaglevTable } from '../../src/balancing/maglev-table.js';
import type { Candidate, Picker } from '../../src/balancing/picker.js';
import { createPicker, type PolicyName } from '../../src/balancing/policies.js';
import { TurnClock } from '../../src/balancing/turns.js';
import type { BackendId } from '../../src/core/backend.js';
import { type Random, seeded } from '../../src/core/random.js';
import { backendIdSchema } from '../../src/core/schemas.js';

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
  return { id: idOf(name), weight, inflight, turn: 0, latency: new Latency() };
}

/** Candidates named a, b, c ... with these weights. */
export function candidates(...weights: readonly number[]): Counted[] {
  return weights.map((weight, i) => candidate(String.fromCharCode(97 + i), weight));
}

/** Candidates named 0, 1, 2 ..., all of weight 1. */
export function uniform(count: number): Counted[] {
  return Array.from({ length: count }, (_, i) => candidate(String(i)));
}

/** A picker with all it needs. @param tableOf what stands for the thread that builds Maglev tables */
export function pickerOf(
  policy: PolicyName,
  seed = 1,
  tableOf: (eligible: readonly Counted[]) => MaglevTable = buildMaglevTable,
): Picker<Counted> {
  let table: MaglevTable | undefined;
  const parts = { random: seeded(seed), nowMs: () => 0, table: () => table, balanceFactor: 1.25 };
  const picker = createPicker<Counted>(policy, parts);
  return {
    ...picker,
    update(eligible) {
      if (policy === 'maglev') table = tableOf(eligible);
      picker.update(eligible);
    },
  };
}

/** Picks and counts in, as dispatch does, for clients of random addresses; every answer takes as long as any other. */
export class Desk {
  readonly #picker: Picker<Counted>;
  readonly #clock = new TurnClock();
  readonly #addresses = seeded(4711);

  constructor(picker: Picker<Counted>, eligible: readonly Counted[]) {
    this.#picker = picker;
    picker.update(eligible);
  }

  /** Starts a request and leaves it open. */
  open(tried: ReadonlySet<BackendId> = NONE, key = anyAddress(this.#addresses)): Counted | undefined {
    const chosen = this.#picker.pick(tried, key);
    if (chosen === undefined) return undefined;
    this.#clock.take(chosen);
    chosen.inflight++;
    this.#picker.loadChanged?.(chosen, 1);
    return chosen;
  }

  close(open: Counted): void {
    open.inflight--;
    this.#picker.loadChanged?.(open, -1);
    open.latency.answered(5, 0);
  }

  /** One request after the other, each over before the next: the names that served them. */
  serve(count: number, key?: string): string[] {
    return Array.from({ length: count }, () => {
      const chosen = this.open(NONE, key);
      if (chosen === undefined) return 'nobody';
      this.close(chosen);
      return chosen.id;
    });
  }

  update(eligible: readonly Counted[]): void {
    this.#picker.update(eligible);
  }
}

export function anyAddress(random: Random): string {
  return `10.${random.below(256)}.${random.below(256)}.${random.below(256)}`;
}

/** How often each name occurs. */
export function tally(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
