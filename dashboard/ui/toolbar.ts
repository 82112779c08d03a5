/** dashboard/ui/toolbar.ts: the filter of backends, by text, pool and state. The slash key focuses the text field. */
import type { Filter, Show } from '../model/rows.js';
import { isProblem } from '../model/states.js';
import type { BalancerView } from '../model/wire.js';
import { el, setText, show } from './dom.js';

const SHOWS: readonly (readonly [Show, string])[] = [
  ['all', 'All'],
  ['problems', 'Problems'],
  ['draining', 'Draining'],
];

export class Toolbar {
  readonly element: HTMLElement;
  filter: Filter = { text: '', show: 'all' };
  /** Name of the pool that is shown; `undefined` for all. */
  pool: string | undefined;
  readonly #changed: () => void;
  readonly #search = el('input', { type: 'search', id: 'search', placeholder: 'Filter backends', autocomplete: 'off' });
  readonly #pools = el('select', { 'aria-label': 'Pool' });
  readonly #counts = new Map<Show, HTMLElement>();

  constructor(changed: () => void) {
    this.#changed = changed;
    this.#search.setAttribute('aria-label', 'Filter backends by address, reason or service');
    this.#search.setAttribute('aria-keyshortcuts', '/');
    this.#search.addEventListener('input', () => this.#set({ text: this.#search.value }));
    this.#pools.addEventListener('change', () => this.#choosePool());
    document.addEventListener('keydown', (event) => this.#shortcut(event));
    const choices = SHOWS.map(([value, name]) => this.#choice(value, name));
    this.element = el(
      'div',
      { class: 'toolbar', role: 'search' },
      this.#search,
      this.#pools,
      el('fieldset', { class: 'segments' }, el('legend', { class: 'visually-hidden' }, 'States shown'), ...choices),
    );
  }

  draw({ pools }: BalancerView): void {
    const backends = pools.flatMap((pool) => pool.backends);
    const counts: Readonly<Record<Show, number>> = {
      all: backends.length,
      problems: backends.filter(isProblem).length,
      draining: backends.filter(({ admin }) => admin !== 'enabled').length,
    };
    for (const [value, element] of this.#counts) setText(element, String(counts[value]));
    show(this.#pools, pools.length > 1);
    this.#drawPools(pools.map(({ name }) => name));
  }

  #drawPools(names: readonly string[]): void {
    const shown = [...this.#pools.options].slice(1).map(({ value }) => value);
    if (shown.length > 0 && names.join('\n') === shown.join('\n')) return;
    const all = el('option', { value: '' }, 'All pools');
    this.#pools.replaceChildren(all, ...names.map((name) => el('option', { value: name }, name)));
    if (this.pool !== undefined && !names.includes(this.pool)) this.pool = undefined;
    this.#pools.value = this.pool ?? '';
  }

  #choice(value: Show, name: string): HTMLElement {
    const input = el('input', { type: 'radio', name: 'show', value, class: 'visually-hidden' });
    input.checked = value === this.filter.show;
    input.addEventListener('change', () => this.#set({ show: value }));
    const number = el('span', { class: 'segment-count' });
    this.#counts.set(value, number);
    return el('label', { 'data-show': value }, input, el('span', {}, name, ' ', number));
  }

  #set(part: Partial<Filter>): void {
    this.filter = { ...this.filter, ...part };
    this.#changed();
  }

  #choosePool(): void {
    // The first option means all pools; its value could be the name of a pool, so its index is compared.
    this.pool = this.#pools.selectedIndex <= 0 ? undefined : this.#pools.value;
    this.#changed();
  }

  #shortcut(event: KeyboardEvent): void {
    const isTyping = event.target instanceof HTMLInputElement || document.querySelector('dialog[open]') !== null;
    if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.#search.focus();
  }
}
