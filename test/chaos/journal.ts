/** test/chaos/journal.ts: what happened in a round: who got which request, how each ended, and what must never be. */
import type { RequestPlan } from './plan.js';

/**
 * How a request ended for its client: `right`: the answer to it, whole; `refused`: a whole answer of the proxy's own;
 * `broken`: the connection visibly broke; `unserved`: the connection ended, in order, behind an earlier response;
 * `left`: the client did not wait for it.
 */
export type Ending = 'right' | 'refused' | 'broken' | 'unserved' | 'left';

export class Journal {
  readonly violations: string[] = [];
  readonly endings: Record<Ending, number> = { right: 0, refused: 0, broken: 0, unserved: 0, left: 0 };
  /** How many requests nothing stood in the way of, and which of them were not answered rightly all the same. */
  harmless = 0;
  readonly disappointments: string[] = [];
  readonly #requests = new Map<string, RequestPlan>();
  readonly #deliveries = new Map<string, number>();
  readonly #endings = new Map<string, Ending>();

  plan(request: RequestPlan): void {
    this.#requests.set(request.id, request);
  }

  request(id: string): RequestPlan | undefined {
    return this.#requests.get(id);
  }

  /** A backend got the head of the request. @returns how often any did before */
  delivered(id: string): number {
    const before = this.deliveries(id);
    this.#deliveries.set(id, before + 1);
    if (this.#requests.get(id)?.method === 'POST' && before > 0) this.violated(id, 'a POST was delivered twice');
    return before;
  }

  deliveries(id: string): number {
    return this.#deliveries.get(id) ?? 0;
  }

  ended(id: string, ending: Ending): void {
    if (this.#endings.has(id)) this.violated(id, `it ended twice: ${this.#endings.get(id)}, then ${ending}`);
    this.#endings.set(id, ending);
    this.endings[ending] += 1;
  }

  hasEnded(id: string): boolean {
    return this.#endings.has(id);
  }

  violated(id: string, what: string): void {
    this.violations.push(this.#described(id, what));
  }

  disappointed(id: string, what: string): void {
    this.disappointments.push(this.#described(id, what));
  }

  #described(id: string, what: string): string {
    return `${id}: ${what} (${JSON.stringify(this.#requests.get(id))}, delivered ${this.deliveries(id)} times)`;
  }
}
