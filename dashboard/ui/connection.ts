/** dashboard/ui/connection.ts: shows whether the page is up to date, and how old it is if it is not. */
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

  /** Sets the state of the connection. While it is lost, the time since when stays the first one. */
  set(link: Link): void {
    this.link = link.kind === 'lost' && this.link.kind === 'lost' ? { ...link, sinceMs: this.link.sinceMs } : link;
    setText(this.#status, WORDS[link.kind]);
    setAttribute(this.#status, 'data-link', link.kind);
    // CSS hides operations that cannot be done now.
    setAttribute(document.documentElement, 'data-link', link.kind);
    this.#drawBanner();
  }

  #drawBanner(): void {
    const { link } = this;
    show(this.#banner, link.kind === 'lost');
    if (link.kind !== 'lost') return;
    const why = link.why ?? 'The balancer does not answer';
    setText(this.#text, `${why}. The data shown is ${duration(Date.now() - link.sinceMs)} old; trying again.`);
  }
}
