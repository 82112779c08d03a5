/**
 * dashboard/net/stream.ts: keeps a connection to the feed. A stream that ends, breaks or falls silent is opened again
 * where it stopped, for as long as the page is open: the balancer may be restarting.
 */
import { EventReader, type ServerEvent } from '../model/sse.js';
import type { Session } from './session.js';

export interface StreamEvents {
  readonly event: (event: ServerEvent) => void;
  /** The balancer requires a token, or refused the one it got. */
  readonly locked: () => void;
  /** The stream ended. @param why the cause in words, if it is known */
  readonly lost: (why: string | undefined) => void;
}

/** Time without data after which the stream counts as dead; the feed sends a beat every five seconds. */
const SILENT_AFTER_MS = 12_000;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 5_000;
/** Difference of the clocks that is ignored. */
const CLOCKS_AGREE_MS = 2_000;

export class Stream {
  readonly #session: Session;
  readonly #events: StreamEvents;
  #reader = new EventReader();
  #abort = new AbortController();
  /** Fires when the stream has been silent too long, or when it is time to connect again. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #skewMs = 0;

  constructor(session: Session, events: StreamEvents) {
    this.#session = session;
    this.#events = events;
  }

  /** The balancer's clock, estimated, in epoch milliseconds. */
  get nowMs(): number {
    return Date.now() + this.#skewMs;
  }

  /** Connects now; an open stream is closed before. */
  connect(): void {
    clearTimeout(this.#timer);
    this.#abort.abort();
    this.#abort = new AbortController();
    void this.#run(this.#abort);
  }

  async #run(abort: AbortController): Promise<void> {
    const outcome = await this.#follow(abort);
    // `connect` was called meanwhile and has opened another stream.
    if (abort !== this.#abort) return;
    clearTimeout(this.#timer);
    if (outcome === 'locked') return this.#events.locked();
    this.#events.lost(outcome);
    this.#failures += 1;
    const pauseMs = (this.#reader.retryMs ?? FIRST_RETRY_MS) * Math.max(1, this.#failures - 2);
    this.#timer = setTimeout(() => this.connect(), Math.min(LONGEST_RETRY_MS, pauseMs));
  }

  /** Opens the stream and reads it to its end. @returns why it ended, if that is known */
  async #follow(abort: AbortController): Promise<'locked' | string | undefined> {
    const headers = this.#session.headers();
    if (this.#reader.lastId !== undefined) headers.set('last-event-id', this.#reader.lastId);
    try {
      this.#expectSoon(abort);
      const response = await fetch('/api/stream', { headers, signal: abort.signal, cache: 'no-store' });
      if (response.status === 401) return 'locked';
      if (response.status === 503) return 'Too many dashboards are open at this balancer';
      if (!response.ok || response.body === null) return `The balancer answered ${response.status}`;
      this.#skewMs = skewOf(response.headers.get('date'));
      await this.#read(response.body, abort);
    } catch {
      // Refused, reset, silent or aborted: handled alike, by connecting again.
    }
    return undefined;
  }

  async #read(body: ReadableStream<Uint8Array<ArrayBuffer>>, abort: AbortController): Promise<void> {
    const next = new EventReader();
    next.lastId = this.#reader.lastId;
    this.#reader = next;
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      this.#failures = 0;
      this.#expectSoon(abort);
      for (const event of next.read(value)) this.#events.event(event);
    }
  }

  #expectSoon(abort: AbortController): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => abort.abort(), SILENT_AFTER_MS);
  }
}

/**
 * @param date field Date of a response that has just arrived
 * @returns by how much the server's clock is ahead, in milliseconds
 */
function skewOf(date: string | null): number {
  const skewMs = Date.parse(date ?? '') - Date.now();
  // The field has whole seconds and the response takes time to arrive, so small differences mean nothing.
  return Math.abs(skewMs) < CLOCKS_AGREE_MS || Number.isNaN(skewMs) ? 0 : skewMs;
}
