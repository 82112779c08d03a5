/**
 * balancing/tiered-picker.ts: one policy over several tiers of backends. A tier is asked only when those before it have
 * nobody left for this request, so a backup stays idle until it is needed.
 */
import type { BackendId } from '../core/backend.js';
import type { Candidate, Picker } from './picker.js';

export class TieredPicker<C extends Candidate> {
  readonly #create: () => Picker<C>;
  readonly #tiers: Picker<C>[] = [];
  readonly #refuge: Picker<C>;
  /** Those of the pickers that keep count of requests in flight. */
  readonly #counting: Picker<C>[] = [];

  /** @param create makes a picker of the policy; called once for each tier and once for the refuge */
  constructor(create: () => Picker<C>) {
    this.#create = create;
    this.#refuge = this.#picker();
    this.#tiers.push(this.#picker());
  }

  /**
   * @param tiers what may be picked, first choice first
   * @param refuge where a request goes first that has met one that cannot serve it
   */
  update(tiers: readonly (readonly C[])[], refuge: readonly C[]): void {
    while (this.#tiers.length < tiers.length) this.#tiers.push(this.#picker());
    for (const [index, picker] of this.#tiers.entries()) picker.update(tiers[index] ?? []);
    this.#refuge.update(refuge);
  }

  /** @returns `undefined` when everybody has been tried */
  pick(tried: ReadonlySet<BackendId>, key: string): C | undefined {
    const safe = tried.size > 0 ? this.#refuge.pick(tried, key) : undefined;
    if (safe !== undefined) return safe;
    for (const picker of this.#tiers) {
      const chosen = picker.pick(tried, key);
      if (chosen !== undefined) return chosen;
    }
    return undefined;
  }

  /** To be called after a candidate's `inflight` has changed `by` one. */
  loadChanged(candidate: C, by: 1 | -1): void {
    for (const picker of this.#counting) picker.loadChanged?.(candidate, by);
  }

  #picker(): Picker<C> {
    const picker = this.#create();
    if (picker.loadChanged !== undefined) this.#counting.push(picker);
    return picker;
  }
}
