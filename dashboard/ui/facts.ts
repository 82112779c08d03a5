/** dashboard/ui/facts.ts: a line of named values; those without a value are left out. */
import { arrange, el, setAttribute, setText } from './dom.js';

export type Fact = readonly [name: string, value: string, tone?: 'warn' | 'bad' | undefined];

export class Facts {
  readonly element = el('dl', { class: 'inline-facts' });
  readonly #items = new Map<string, { readonly item: HTMLElement; readonly value: HTMLElement }>();

  draw(facts: readonly Fact[]): void {
    const shown = facts.filter(([, value]) => value !== '');
    arrange(
      this.element,
      shown.map(([name, text, tone]) => {
        const { item, value } = this.#item(name);
        setText(value, text);
        setAttribute(value, 'data-tone', tone);
        return item;
      }),
    );
  }

  #item(name: string): { readonly item: HTMLElement; readonly value: HTMLElement } {
    const known = this.#items.get(name);
    if (known !== undefined) return known;
    const value = el('dd');
    const created = { item: el('div', {}, el('dt', {}, name), value), value };
    this.#items.set(name, created);
    return created;
  }
}
