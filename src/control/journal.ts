/**
 * control/journal.ts: the one place where events are noted. Each goes into the log, is kept in memory for the API, and
 * is announced to watchers, so the three can never disagree.
 */
import { EVENT_FORMATS, type EventDetails, type EventKind, type Severity } from './events.js';
import type { Logger } from './logger.js';

/** An event as the API shows it. */
export interface JournalEntry {
  /** Unique over all runs; within one run, entries are ordered by the number behind the dash. */
  readonly id: string;
  /** When it happened (ISO 8601). */
  readonly at: string;
  readonly kind: EventKind;
  readonly level: Severity;
  readonly pool: string | null;
  readonly backend: string | null;
  readonly worker: number | null;
  /** One line for a person. */
  readonly text: string;
}

/** Entries kept: enough for a pool of a few hundred backends to lose and regain all of them. */
const MOST_ENTRIES = 1_000;

export class Journal {
  readonly #logger: Logger;
  readonly #nowMs: () => number;
  readonly #run: string;
  readonly #watchers = new Set<() => void>();
  #entries: JournalEntry[] = [];
  #count = 0;

  /** @param nowMs epoch milliseconds */
  constructor(logger: Logger, nowMs: () => number = Date.now) {
    this.#logger = logger;
    this.#nowMs = nowMs;
    this.#run = nowMs().toString(36);
  }

  note<K extends EventKind>(kind: K, what: EventDetails[K]): void {
    const { level, message, text } = EVENT_FORMATS[kind];
    this.#logger.log(level, message, what);
    this.#count += 1;
    const at = new Date(this.#nowMs()).toISOString();
    const entry = { id: `${this.#run}-${this.#count}`, at, kind, level, ...aboutOf(what), text: text(what) };
    this.#entries.push(entry);
    // Dropping half at a time keeps the cost of a long life constant.
    if (this.#entries.length >= 2 * MOST_ENTRIES) this.#entries = this.recent.slice();
    for (const told of this.#watchers) told();
  }

  /** The newest entries, oldest first. */
  get recent(): readonly JournalEntry[] {
    return this.#entries.slice(-MOST_ENTRIES);
  }

  /** Id of the newest entry. Before the first entry, an id of this run that no entry has. */
  get position(): string {
    return `${this.#run}-${this.#count}`;
  }

  /** @returns the entries after the entry `id`, oldest first; all that are kept when `id` is none or of another run */
  after(id: string | undefined): readonly JournalEntry[] {
    const [run, count] = (id ?? '').split('-');
    if (run !== this.#run || !/^\d{1,15}$/.test(count ?? '')) return this.recent;
    const missed = this.#count - Number(count);
    if (missed < 0) return this.recent;
    return missed === 0 ? [] : this.recent.slice(-missed);
  }

  /** Calls `told` after every entry; it must not throw. @returns a function that ends this */
  watch(told: () => void): () => void {
    this.#watchers.add(told);
    return () => this.#watchers.delete(told);
  }
}

type About = Pick<JournalEntry, 'pool' | 'backend' | 'worker'>;

function aboutOf(what: EventDetails[EventKind]): About {
  return {
    pool: 'pool' in what ? what.pool : null,
    backend: 'backend' in what ? what.backend : null,
    worker: 'worker' in what ? what.worker : null,
  };
}
