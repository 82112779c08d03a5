/**
 * balancing/tiered-picker.ts: applies one policy to several tiers of backends. A tier is used only if the tiers before
 * it have no untried backend for the request, so a backup stays idle until it is needed.
 */
import type { BackendId } from '../core/backend.js';
import type { Candidate, Picker } from './picker.js';

export class TieredPicker<C extends Candidate> {
  readonly #create: () => Picker<C>;
  readonly #tiers: Picker<C>[] = [];
  readonly #refuge: Picker<C>;
  /** The pickers that have to be told when `inflight` of a candidate changes. */
  readonly #counting: Picker<C>[] = [];

  /** @param create makes a picker of the policy; called once per tier and once for the refuge */
  constructor(create: () => Picker<C>) {
    this.#create = create;
    this.#refuge = this.#picker();
    this.#tiers.push(this.#picker());
  }

  /**
   * Replaces the backends that may be picked.
   * @param tiers the eligible backends by tier, the preferred tier first
   * @param refuge backends that a request is sent to first once an attempt of it has failed; may be empty
   */
  update(tiers: readonly (readonly C[])[], refuge: readonly C[]): void {
    while (this.#tiers.length < tiers.length) this.#tiers.push(this.#picker());
    for (const [index, picker] of this.#tiers.entries()) picker.update(tiers[index] ?? []);
    this.#refuge.update(refuge);
  }

  /** @returns the chosen backend; `undefined` if all have been tried */
  pick(tried: ReadonlySet<BackendId>, key: string): C | undefined {
    const safe = tried.size > 0 ? this.#refuge.pick(tried, key) : undefined;
    if (safe !== undefined) return safe;
    for (const picker of this.#tiers) {
      const chosen = picker.pick(tried, key);
      if (chosen !== undefined) return chosen;
    }
    return undefined;
  }

  /** Must be called after `inflight` of a candidate has changed by `by`. */
  loadChanged(candidate: C, by: 1 | -1): void {
    for (const picker of this.#counting) picker.loadChanged?.(candidate, by);
  }

  #picker(): Picker<C> {
    const picker = this.#create();
    if (picker.loadChanged !== undefined) this.#counting.push(picker);
    return picker;
  }
}
