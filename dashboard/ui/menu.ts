/**
 * dashboard/ui/menu.ts: the menu of the button with three dots in a row: one element for all rows, for mouse and
 * keyboard.
 */
import { byId, el, setAttribute } from './dom.js';

export interface MenuItem {
  readonly name: string;
  readonly choose: () => void;
  readonly dangerous?: boolean;
}

export class Menu {
  readonly #element = byId('menu');
  #opener: HTMLElement | undefined;

  constructor() {
    this.#element.addEventListener('keydown', (event) => this.#steer(event));
    this.#element.addEventListener('toggle', (event) => {
      if (event instanceof ToggleEvent && event.newState === 'closed') this.#closed();
    });
    addEventListener('scroll', () => this.#element.hidePopover(), { capture: true, passive: true });
  }

  open(opener: HTMLElement, items: readonly MenuItem[]): void {
    this.#opener = opener;
    this.#element.replaceChildren(...items.map((item) => this.#button(item)));
    setAttribute(opener, 'aria-expanded', 'true');
    this.#element.showPopover();
    this.#place(opener.getBoundingClientRect());
    this.#buttons[0]?.focus({ preventScroll: true });
  }

  get #buttons(): readonly HTMLButtonElement[] {
    return [...this.#element.querySelectorAll('button')];
  }

  #button({ name, choose, dangerous = false }: MenuItem): HTMLButtonElement {
    const attributes = { type: 'button', role: 'menuitem', tabindex: '-1', class: dangerous ? 'dangerous' : '' };
    const button = el('button', attributes, name);
    button.addEventListener('click', () => {
      this.#element.hidePopover();
      choose();
    });
    return button;
  }

  /** Places the menu below its button, or above it if there is no room below. */
  #place(anchor: DOMRect): void {
    const { offsetWidth, offsetHeight, style } = this.#element;
    const below = anchor.bottom + 4;
    const top = below + offsetHeight > innerHeight ? anchor.top - offsetHeight - 4 : below;
    style.setProperty('top', `${Math.max(4, top)}px`);
    style.setProperty('left', `${Math.max(4, anchor.right - offsetWidth)}px`);
  }

  #steer(event: KeyboardEvent): void {
    const buttons = this.#buttons;
    const { activeElement } = document;
    const at = activeElement instanceof HTMLButtonElement ? buttons.indexOf(activeElement) : -1;
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (event.key === 'Tab') this.#element.hidePopover();
    if (next === undefined) return;
    event.preventDefault();
    buttons.at(next % buttons.length)?.focus();
  }

  #closed(): void {
    if (this.#opener === undefined) return;
    setAttribute(this.#opener, 'aria-expanded', 'false');
    if (this.#element.contains(document.activeElement) || document.activeElement === document.body)
      this.#opener.focus();
    this.#opener = undefined;
  }
}
