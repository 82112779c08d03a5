/** dashboard/ui/state-badges.ts: states in words, each with a coloured dot. The colour only repeats the word. */
import type { StateWord } from '../model/states.js';
import { el } from './dom.js';

export class StateBadges {
  readonly element = el('span', { class: 'badges' });
  #shown = '';

  draw(words: readonly StateWord[]): void {
    const wanted = words.map(({ word }) => word).join();
    if (wanted === this.#shown) return;
    this.#shown = wanted;
    this.element.replaceChildren(
      ...words.map(({ word, tone }) => el('span', { class: 'badge', 'data-tone': tone }, word)),
    );
  }
}
