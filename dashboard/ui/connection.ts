/** dashboard/ui/connection.ts: whether what is on the page is of now, and what to think of it when it is not. */
import { duration } from '../model/format.js';
import { byId, setAttribute, setText, show } from './dom.js';

export type Link =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  | { readonly kind: 'locked' }
  | { readonly kind: 'lost'; readonly sinceMs: number; readonly why: string | undefined };

const WORDS = { connecting: 'Connecting…', live: 'Live', locked: 'Signed out', lost: 'Reconnecting…' } as const;

export class Connection {
  link: Link = { kind: 'connecting' };
  readonly #status = byId('status');
  readonly #banner = byId('lost');
  readonly #text = byId('lost-text');

  constructor(retry: () => void) {
    byId('retry').addEventListener('click', retry);
    setInterval(() => this.#drawBanner(), 1_000);
  }

  /** A link that is lost keeps the time since when. */
  set(link: Link): void {
    this.link = link.kind === 'lost' && this.link.kind === 'lost' ? { ...link, sinceMs: this.link.sinceMs } : link;
    setText(this.#status, WORDS[link.kind]);
    setAttribute(this.#status, 'data-link', link.kind);
    // What cannot be done now is not offered.
    setAttribute(document.documentElement, 'data-link', link.kind);
    this.#drawBanner();
  }

  #drawBanner(): void {
    const { link } = this;
    show(this.#banner, link.kind === 'lost');
    if (link.kind !== 'lost') return;
    const why = link.why ?? 'The balancer does not answer';
    setText(this.#text, `${why}. What you see is ${duration(Date.now() - link.sinceMs)} old; trying again.`);
  }
}
