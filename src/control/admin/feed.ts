/**
 * control/admin/feed.ts: the balancer's view and its journal as server-sent events (HTML standard, section 9.2). One
 * view a second is made for all readers; without a reader nothing is done.
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
  /** The monotonic clock, in milliseconds. */
  readonly nowMs: () => number;
  /** Readers at most: each has a connection and up to a megabyte that it has not read. */
  readonly mostReaders: number;
}

interface FeedReader {
  readonly stream: ReadableStreamDefaultController<Uint8Array>;
  /** Closes the reader's connection, with whatever it has not read. */
  readonly cut: () => void;
}

/** Between two views, in milliseconds. */
const VIEW_INTERVAL_MS = 1_000;
/**
 * Pause after a view, in multiples of the time it took: views of very large pools take a twentieth of the primary's
 * time.
 */
const PAUSE_PER_MS_OF_WORK = 19;
const VIEW_MAX_INTERVAL_MS = 10_000;
/** Events within this time, in milliseconds, are one message: a pool that goes down as a whole is not a hundred. */
const EVENT_BATCH_MS = 50;
/** Between two comments, in milliseconds: they tell readers, and proxies on the way, that the stream is alive. */
const COMMENT_INTERVAL_MS = 5_000;
/** How long a reader whose stream broke should wait before it asks again, in milliseconds. */
const RETRY_MS = 1_000;
/** A reader with more unread bytes than this when the next message is due is disconnected; it may come back. */
const MAX_UNREAD_BYTES = 1_048_576;

const COMMENT = ':\n\n';
const GREETING = `retry: ${RETRY_MS}\n\n`;

export class Feed {
  readonly #parts: FeedParts;
  readonly #readers = new Set<FeedReader>();
  readonly #encoder = new TextEncoder();
  /** The latest view as a message, for readers that join before the next one. */
  #viewMessage = '';
  /** Id of the last journal entry that was sent to all readers. */
  #lastSentId = '';
  #viewTimer: NodeJS.Timeout | undefined;
  #eventTimer: NodeJS.Timeout | undefined;
  #commentTimer: NodeJS.Timeout | undefined;
  #unwatch: (() => void) | undefined;

  constructor(parts: FeedParts) {
    this.#parts = parts;
  }

  /** Number of readers. */
  get size(): number {
    return this.#readers.size;
  }

  /**
   * @param lastId id of the last message that the reader has seen, if any; the stream begins with what happened since
   * @param cut closes the reader's connection; called when it does not read
   * @returns the stream, or `undefined` when there are too many readers already
   */
  open(lastId: string | undefined, cut: () => void): ReadableStream<Uint8Array> | undefined {
    if (this.#readers.size >= this.#parts.mostReaders) return undefined;
    let reader: FeedReader | undefined;
    return new ReadableStream<Uint8Array>(
      {
        start: (stream) => {
          reader = { stream, cut };
          this.#add(reader, lastId);
        },
        cancel: () => {
          if (reader !== undefined) this.#remove(reader);
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark: MAX_UNREAD_BYTES }),
    );
  }

  /** Ends every stream; readers that still have access ask again. */
  endAll(): void {
    for (const reader of [...this.#readers]) {
      this.#remove(reader);
      reader.stream.close();
    }
  }

  #add(reader: FeedReader, lastId: string | undefined): void {
    const { journal } = this.#parts.source;
    if (this.#readers.size === 0) this.#start();
    else this.#sendEvents();
    this.#readers.add(reader);
    const text = `${GREETING}${eventsMessage(journal, lastId)}${this.#viewMessage}`;
    reader.stream.enqueue(this.#encoder.encode(text));
  }

  #remove(reader: FeedReader): void {
    if (this.#readers.delete(reader) && this.#readers.size === 0) this.#stop();
  }

  #start(): void {
    const { journal } = this.#parts.source;
    this.#lastSentId = journal.position;
    this.#unwatch = journal.watch(() => {
      this.#eventTimer ??= setTimeout(() => this.#sendEvents(), EVENT_BATCH_MS);
    });
    this.#commentTimer = setInterval(() => this.#send(COMMENT), COMMENT_INTERVAL_MS);
    this.#sendView();
  }

  #stop(): void {
    this.#unwatch?.();
    clearTimeout(this.#viewTimer);
    clearTimeout(this.#eventTimer);
    clearInterval(this.#commentTimer);
    this.#eventTimer = undefined;
    this.#viewMessage = '';
  }

  #sendView(): void {
    const { nowMs } = this.#parts;
    const startedAtMs = nowMs();
    const isNew = this.#updateView();
    const pauseMs = Math.max(VIEW_INTERVAL_MS, (nowMs() - startedAtMs) * PAUSE_PER_MS_OF_WORK);
    // Set before the view is sent: sending may disconnect the last reader, which clears the timer.
    this.#viewTimer = setTimeout(() => this.#sendView(), Math.min(pauseMs, VIEW_MAX_INTERVAL_MS));
    if (isNew) this.#send(this.#viewMessage);
  }

  /**
   * @returns whether there is a new view. An error in it is logged, as it would end the process if it left the timer.
   */
  #updateView(): boolean {
    const { source, logger } = this.#parts;
    try {
      this.#viewMessage = `event: view\ndata: ${JSON.stringify(source.view())}\n\n`;
      return true;
    } catch (error) {
      logger.error('the view could not be put together', { reason: String(error) });
      return false;
    }
  }

  #sendEvents(): void {
    clearTimeout(this.#eventTimer);
    this.#eventTimer = undefined;
    const { journal } = this.#parts.source;
    if (this.#lastSentId === journal.position) return;
    this.#send(eventsMessage(journal, this.#lastSentId));
    this.#lastSentId = journal.position;
  }

  #send(text: string): void {
    if (this.#readers.size === 0) return;
    const bytes = this.#encoder.encode(text);
    for (const reader of [...this.#readers]) {
      if ((reader.stream.desiredSize ?? 0) > 0) {
        reader.stream.enqueue(bytes);
      } else {
        this.#remove(reader);
        reader.cut();
        this.#parts.logger.debug('a reader of the stream leaves too much unread and is cut off');
      }
    }
  }
}

/** The entries after `afterId` as one message. JSON holds no line end, so one `data` line is enough. */
function eventsMessage(journal: Journal, afterId: string | undefined): string {
  return `id: ${journal.position}\nevent: events\ndata: ${JSON.stringify(journal.after(afterId))}\n\n`;
}
