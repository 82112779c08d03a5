/**
 * control/logger.ts: what the primary says about its life: lines for a person at a terminal, JSON for everything else.
 * Always standard error, so that standard output stays free for what was asked for.
 */
import winston from 'winston';
import type { LogLevel } from '../config/schema.js';

/** What the primary needs of one: whoever embeds it brings his own (library/log-listener.ts). */
export interface Logger {
  /** The least important kind of line that is written. */
  level: string;
  log(level: LogLevel, message: string, fields: object): void;
  error(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  info(message: string, fields?: object): void;
  debug(message: string, fields?: object): void;
}

/** Where lines go; a terminal says so. */
export type LogStream = NodeJS.WritableStream & { readonly isTTY?: boolean };

/** @param stream a terminal gets readable lines */
export function createLogger(level: LogLevel, stream: LogStream = process.stderr): Logger {
  // A reader that went away (`roundhouse 2>&1 | head`) must not take the balancer with it.
  stream.on('error', () => {});
  return winston.createLogger({
    level,
    format: stream.isTTY === true ? readable() : json(),
    transports: [new winston.transports.Stream({ stream })],
  });
}

type LogFields = Readonly<Record<string, unknown>>;

function json(): winston.Logform.Format {
  return winston.format.printf(({ level, message, ...rest }: LogFields) =>
    JSON.stringify({ time: new Date().toISOString(), level, message, ...rest }),
  );
}

function readable(): winston.Logform.Format {
  return winston.format.printf(({ level, message, ...rest }: LogFields) => {
    const time = new Date().toISOString().slice(11, 23);
    const fields = Object.entries(rest).map(([key, value]) => ` ${key}=${quoted(value)}`);
    return `${time} ${String(level).padEnd(5)} ${String(message)}${fields.join('')}`;
  });
}

/** Bare where nothing can be misread, JSON otherwise: a value can never forge a line or another field. */
function quoted(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /^[\w.:/[\]@%+-]+$/.test(text) ? text : JSON.stringify(value);
}
