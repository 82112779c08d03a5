/** dashboard/ui/maintenance.ts: says what is in maintenance, with a button for each to end it, and one to begin. */
import type { BalancerView } from '../model/wire.js';
import type { Maintained } from '../net/changes.js';
import { el, show } from './dom.js';
import type { Operations } from './operations.js';

export class Maintenance {
  /** The banner; hidden while nothing is in maintenance. */
  readonly element = el('div', { class: 'banner', role: 'status', id: 'maintenance' });
  /** Puts everything in maintenance. */
  readonly button = el('button', { type: 'button', class: 'button', 'data-action': '' }, 'Maintenance…');
  readonly #operations: Operations;
  /** What the banner says. */
  #shown = '';

  constructor(operations: Operations) {
    this.#operations = operations;
    this.button.addEventListener('click', () => operations.beginMaintenance({}));
    show(this.element, false);
  }

  draw({ maintenance }: BalancerView): void {
    show(this.button, !maintenance.all);
    // Drawn again only if it differs: a button that is about to be pressed must not be replaced.
    const now = JSON.stringify(maintenance);
    if (now === this.#shown) return;
    this.#shown = now;
    const targets: readonly Maintained[] = [
      ...(maintenance.all ? [{}] : []),
      ...maintenance.routes.map((route) => ({ route })),
      ...maintenance.pools.map((pool) => ({ pool })),
    ];
    const rows = targets.map((target) => el('p', {}, `${nameOf(target)} is in maintenance. `, this.#ending(target)));
    this.element.replaceChildren(...rows);
    show(this.element, targets.length > 0);
  }

  #ending(target: Maintained): HTMLElement {
    const button = el('button', { type: 'button', class: 'button small', 'data-action': '' }, 'End maintenance…');
    button.addEventListener('click', () => this.#operations.endMaintenance(target));
    return button;
  }
}

/** @returns what is in maintenance, as the beginning of a sentence */
export function nameOf({ route, pool }: Maintained): string {
  if (route !== undefined) return `Route ${route}`;
  return pool === undefined ? 'Everything' : `Pool ${pool}`;
}
