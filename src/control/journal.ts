/**
 * control/journal.ts: what happens is told here once. It goes into the log, is kept for whoever asks what happened
 * lately, and wakes whoever is watching; the three can never disagree.
 */
import { EVENT_FORMATS, type EventDetails, type EventKind, type Severity } from './events.js';
import type { Logger } from './logger.js';

/** Something that happened, as JSON shows it. */
export interface JournalEntry {
  /** Unlike any other of this or another run; entries of one run compare by what follows the dash. */
  readonly id: string;
  /** ISO 8601. */
  readonly at: string;
  readonly kind: EventKind;
  readonly level: Severity;
  readonly pool: string | null;
  readonly backend: string | null;
  readonly worker: number | null;
  /** One line for a person. */
  readonly text: string;
}

/** A pool of a few hundred backends may lose and regain all of them, and that is still remembered. */
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

  /** What happened lately, oldest first. */
  get recent(): readonly JournalEntry[] {
    return this.#entries.slice(-MOST_ENTRIES);
  }

  /** The id of the newest entry; of this run, but no entry's, when nothing has happened yet. */
  get position(): string {
    return `${this.#run}-${this.#count}`;
  }

  /** @returns what happened after the entry `id`, oldest first; all of it when `id` is of another run or none */
  after(id: string | undefined): readonly JournalEntry[] {
    const [run, count] = (id ?? '').split('-');
    if (run !== this.#run || !/^\d{1,15}$/.test(count ?? '')) return this.recent;
    const missed = this.#count - Number(count);
    if (missed < 0) return this.recent;
    return missed === 0 ? [] : this.recent.slice(-missed);
  }

  /** @param told called after every entry; must not throw. @returns what ends that */
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
