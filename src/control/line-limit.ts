/**
 * control/line-limit.ts: limits the lines of the log that somebody else can cause as often as he likes: a worker that
 * floods its channel, or clients of the admin interface. What was left out is counted, and told once the minute is over.
 */
import type { LogLevel } from '../config/schema.js';
import type { Logger } from './logger.js';

/** Most lines with one message in a minute. */
const MOST_LINES = 10;
const INTERVAL_MS = 60_000;

interface Interval {
  lines: number;
  leftOut: number;
}

export class LineLimit {
  readonly #logger: Pick<Logger, 'log'>;
  /** The minute that runs, by message; messages are texts of this program, so there are few. */
  readonly #intervals = new Map<string, Interval>();

  constructor(logger: Pick<Logger, 'log'>) {
    this.#logger = logger;
  }

  log(level: LogLevel, message: string, fields: object): void {
    const interval = this.#intervals.get(message) ?? this.#begin(level, message);
    if (interval.lines < MOST_LINES) this.#logger.log(level, message, fields);
    else interval.leftOut += 1;
    interval.lines += 1;
  }

  #begin(level: LogLevel, message: string): Interval {
    const interval: Interval = { lines: 0, leftOut: 0 };
    this.#intervals.set(message, interval);
    setTimeout(() => {
      this.#intervals.delete(message);
      if (interval.leftOut > 0) this.#logger.log(level, `${message}; more of them`, { leftOut: interval.leftOut });
    }, INTERVAL_MS).unref();
    return interval;
  }
}
