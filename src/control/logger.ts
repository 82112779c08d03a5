/**
 * control/logger.ts: the log of the primary: readable lines on a terminal, JSON elsewhere. It goes to standard error,
 * so that standard output stays free for the output of commands.
 */
import winston from 'winston';
import type { LogLevel } from '../config/schema.js';

/** What the primary needs of a logger; a program that embeds a balancer gives its own (library/log-listener.ts). */
export interface Logger {
  /** The least severe level that is written. */
  level: string;
  log(level: LogLevel, message: string, fields: object): void;
  error(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  info(message: string, fields?: object): void;
  debug(message: string, fields?: object): void;
}

/** A stream for log lines; `isTTY` says whether it is a terminal. */
export type LogStream = NodeJS.WritableStream & { readonly isTTY?: boolean };

/**
 * @param level the least severe level that is written
 * @param stream where lines go
 */
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

/** @returns a value as it is where it cannot be misread, as JSON otherwise: no value can forge a line or a field */
function quoted(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /^[\w.:/[\]@%+-]+$/.test(text) ? text : JSON.stringify(value);
}
