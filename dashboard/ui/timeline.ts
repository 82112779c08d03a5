/**
 * dashboard/ui/timeline.ts: the list of events, newest first. Warnings and errors are also announced to screen readers.
 */
import { plural } from '../model/format.js';
import { type Moment, momentsOf, subjectOf } from '../model/timeline.js';
import type { JournalEntry } from '../model/wire.js';
import { arrange, byId, el, setText, show } from './dom.js';

/** Time between two announcements; events that come meanwhile are summed up in the next. */
const ALOUD_EVERY_MS = 2_000;

export class Timeline {
  readonly element: HTMLElement;
  readonly #list = el('ol', { class: 'timeline' });
  readonly #empty = el('p', { class: 'empty' }, 'Nothing has happened yet.');
  readonly #items = new Map<string, HTMLElement>();
  readonly #aloud = byId('aloud');
  #pending: string[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    const title = el('h2', { id: 'events-title' }, 'Events');
    const scroll = el('div', { class: 'timeline-scroll', tabindex: '0', role: 'group' }, this.#list, this.#empty);
    scroll.setAttribute('aria-labelledby', 'events-title');
    this.element = el('section', { class: 'events', 'aria-labelledby': 'events-title' }, title, scroll);
  }

  /** @param entries newest first */
  draw(entries: readonly JournalEntry[]): void {
    const moments = momentsOf(entries);
    show(this.#empty, moments.length === 0);
    const present = new Set(moments.map(({ id }) => id));
    for (const id of this.#items.keys()) if (!present.has(id)) this.#items.delete(id);
    arrange(
      this.#list,
      moments.map((moment) => this.#item(moment)),
    );
  }

  /** Announces texts to screen readers. */
  say(...texts: readonly string[]): void {
    this.#pending.push(...texts);
    this.#timer ??= setTimeout(() => this.#sayNow(), 100);
  }

  tell(entries: readonly JournalEntry[]): void {
    this.say(...entries.filter(({ level }) => level !== 'info').map((entry) => `${subjectOf(entry)} ${entry.text}`));
  }

  #sayNow(): void {
    this.#timer = undefined;
    if (this.#pending.length === 0) return;
    const [first = '', ...others] = this.#pending.splice(0);
    setText(this.#aloud, others.length === 0 ? first : `${first}, and ${plural(others.length, 'other change')}`);
    this.#timer = setTimeout(() => this.#sayNow(), ALOUD_EVERY_MS);
  }

  #item({ id, at, subject, text, tone }: Moment): HTMLElement {
    const known = this.#items.get(id);
    if (known !== undefined) return known;
    const time = new Date(at);
    const item = el(
      'li',
      { 'data-tone': tone },
      el('time', { datetime: at, title: time.toLocaleString() }, time.toLocaleTimeString('en-GB')),
      el('span', { class: 'what' }, el('span', { class: 'subject' }, subject), ` ${text}`),
    );
    this.#items.set(id, item);
    return item;
  }
}
