/**
 * control/admin/feed.ts: what the balancer looks like and what happens to it, as server-sent events (HTML standard,
 * section 9.2). One picture a second serves everybody who watches, and while nobody does nothing is done at all.
 */
import type { Journal } from '../journal.js';
import type { Logger } from '../logger.js';
import type { BalancerView } from '../view.js';

export interface FeedSource {
  readonly journal: Journal;
  view(): BalancerView;
}

export interface FeedParts {
  readonly source: FeedSource;
  readonly logger: Logger;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

interface Watcher {
  readonly stream: ReadableStreamDefaultController<Uint8Array>;
  /** Ends its connection, whatever it has not read. */
  readonly cut: () => void;
}

/** Between two pictures, in milliseconds. */
const EVERY_MS = 1_000;
/** The picture of a very large pool comes less often: it may take a twentieth of the primary's time, no more. */
const PAUSE_PER_MS_OF_WORK = 19;
const RAREST_MS = 10_000;
/** What happens at once is told at once, but a pool that goes down as a whole is one message. */
const GATHER_MS = 50;
/** A comment this often tells a reader, and all proxies on the way, that the stream lives. */
const BEAT_MS = 5_000;
/** After which a reader whose stream broke should ask again, in milliseconds. */
const RETRY_MS = 1_000;
/** Fewer than the admin address takes connections, so that watching never keeps an operator from acting. */
const MOST_WATCHERS = 16;
/** Whoever leaves so much unread when the next message is due is cut off and may come back. */
const MOST_UNREAD_BYTES = 1_048_576;

const BEAT = ':\n\n';
const GREETING = `retry: ${RETRY_MS}\n\n`;

export class Feed {
  readonly #parts: FeedParts;
  readonly #watchers = new Set<Watcher>();
  readonly #encoder = new TextEncoder();
  /** The last picture, for whoever joins before the next. */
  #picture = '';
  /** The entry of the journal that everybody who watches has been told last. */
  #told = '';
  #pictureTimer: NodeJS.Timeout | undefined;
  #gatherTimer: NodeJS.Timeout | undefined;
  #beatTimer: NodeJS.Timeout | undefined;
  #unwatch: (() => void) | undefined;

  constructor(parts: FeedParts) {
    this.#parts = parts;
  }

  /** How many watch. */
  get size(): number {
    return this.#watchers.size;
  }

  /**
   * @param lastId of the last message that the reader has seen, if it has; what happened since comes first
   * @param cut ends the reader's connection; called when it does not read
   * @returns the stream, or `undefined` when too many watch already
   */
  open(lastId: string | undefined, cut: () => void): ReadableStream<Uint8Array> | undefined {
    if (this.#watchers.size >= MOST_WATCHERS) return undefined;
    let watcher: Watcher | undefined;
    return new ReadableStream<Uint8Array>(
      {
        start: (stream) => {
          watcher = { stream, cut };
          this.#join(watcher, lastId);
        },
        cancel: () => {
          if (watcher !== undefined) this.#leave(watcher);
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark: MOST_UNREAD_BYTES }),
    );
  }

  /** Ends every stream; whoever may still watch comes back. */
  endAll(): void {
    for (const watcher of [...this.#watchers]) {
      this.#leave(watcher);
      watcher.stream.close();
    }
  }

  #join(watcher: Watcher, lastId: string | undefined): void {
    const { journal } = this.#parts.source;
    if (this.#watchers.size === 0) this.#begin();
    else this.#tellEvents();
    this.#watchers.add(watcher);
    const text = `${GREETING}${eventsMessage(journal, lastId)}${this.#picture}`;
    watcher.stream.enqueue(this.#encoder.encode(text));
  }

  #leave(watcher: Watcher): void {
    if (this.#watchers.delete(watcher) && this.#watchers.size === 0) this.#end();
  }

  #begin(): void {
    const { journal } = this.#parts.source;
    this.#told = journal.position;
    this.#unwatch = journal.watch(() => {
      this.#gatherTimer ??= setTimeout(() => this.#tellEvents(), GATHER_MS);
    });
    this.#beatTimer = setInterval(() => this.#tell(BEAT), BEAT_MS);
    this.#draw();
  }

  #end(): void {
    this.#unwatch?.();
    clearTimeout(this.#pictureTimer);
    clearTimeout(this.#gatherTimer);
    clearInterval(this.#beatTimer);
    this.#gatherTimer = undefined;
    this.#picture = '';
  }

  #draw(): void {
    const { nowMs } = this.#parts;
    const startedAtMs = nowMs();
    const isNew = this.#renew();
    const pauseMs = Math.max(EVERY_MS, (nowMs() - startedAtMs) * PAUSE_PER_MS_OF_WORK);
    // Before it is told, since that may be the end of the last one who watches.
    this.#pictureTimer = setTimeout(() => this.#draw(), Math.min(pauseMs, RAREST_MS));
    if (isNew) this.#tell(this.#picture);
  }

  /** A defect must not end the process from within a timer: those who watch keep what they have. */
  #renew(): boolean {
    const { source, logger } = this.#parts;
    try {
      this.#picture = `event: view\ndata: ${JSON.stringify(source.view())}\n\n`;
      return true;
    } catch (error) {
      logger.error('the view could not be put together', { reason: String(error) });
      return false;
    }
  }

  #tellEvents(): void {
    clearTimeout(this.#gatherTimer);
    this.#gatherTimer = undefined;
    const { journal } = this.#parts.source;
    if (this.#told === journal.position) return;
    this.#tell(eventsMessage(journal, this.#told));
    this.#told = journal.position;
  }

  #tell(text: string): void {
    if (this.#watchers.size === 0) return;
    const bytes = this.#encoder.encode(text);
    for (const watcher of [...this.#watchers]) {
      if ((watcher.stream.desiredSize ?? 0) > 0) {
        watcher.stream.enqueue(bytes);
      } else {
        this.#leave(watcher);
        watcher.cut();
        this.#parts.logger.debug('a reader of the stream leaves too much unread and is cut off');
      }
    }
  }
}

/** JSON never holds a line end, so one `data` line is enough. */
function eventsMessage(journal: Journal, afterId: string | undefined): string {
  return `id: ${journal.position}\nevent: events\ndata: ${JSON.stringify(journal.after(afterId))}\n\n`;
}
