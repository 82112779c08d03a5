/** library/log-listener.ts: a logger that passes log entries to the program that the balancer runs in. */
import { LOG_LEVELS, type LogLevel } from '../config/schema.js';
import type { Logger } from '../control/logger.js';
import { tell } from './tell.js';

/** One log entry: level, message, and the fields of the message. */
export interface LogEntry {
  readonly level: LogLevel;
  readonly message: string;
  readonly [field: string]: unknown;
}

export type LogListener = (entry: LogEntry) => void;

export class ListeningLogger implements Logger {
  level: LogLevel;
  readonly #listener: LogListener;

  /** @param level lowest level of entries that `listener` gets */
  constructor(level: LogLevel, listener: LogListener) {
    this.level = level;
    this.#listener = listener;
  }

  log(level: LogLevel, message: string, fields: object = {}): void {
    if (LOG_LEVELS.indexOf(level) > LOG_LEVELS.indexOf(this.level)) return;
    tell(this.#listener, { ...fields, level, message });
  }

  error(message: string, fields?: object): void {
    this.log('error', message, fields);
  }

  warn(message: string, fields?: object): void {
    this.log('warn', message, fields);
  }

  info(message: string, fields?: object): void {
    this.log('info', message, fields);
  }

  debug(message: string, fields?: object): void {
    this.log('debug', message, fields);
  }
}
