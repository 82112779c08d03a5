/** workers/access-log/entry.ts: what one line of the access log says, and what a format of such lines is. */
import type { Reason } from '../../src/core/reason.js';

/**
 * One exchange with a client. Texts that came from the client are escaped already, each as {@link LineFormat.escapes}
 * says, and hold printable ASCII only. Times are whole microseconds, -1 where there is none.
 */
export interface AccessEntry {
  /** When the answer was written, in epoch milliseconds. */
  readonly endedAt: number;
  /** IP address; empty for a client that was gone before it could be asked for. */
  readonly client: string;
  /** Whether the head could be read. If not, {@link line} is all there is of it. */
  readonly isRead: boolean;
  /** The first line as it came, of a head that could not be read. */
  readonly line: string;
  readonly method: string;
  readonly target: string;
  readonly minorVersion: 0 | 1;
  readonly host: string;
  /** What {@link LineFormat.around} made of the four that are the same for most requests of a connection. */
  readonly around: Around;
  readonly requestId: string;
  /** Of the trace that it belongs to; empty where nobody looked. */
  readonly traceId: string;
  readonly referer: string;
  readonly userAgent: string;
  /** What the client was answered; {@link NO_ANSWER} when its connection ended before. */
  readonly status: number;
  readonly reason: Reason | '';
  /** Which rule a refused head or body breaks; empty for any other. */
  readonly fault: string;
  /** Head and body as they came. */
  readonly requestBytes: number;
  /** Head and body as they were sent. */
  readonly responseBytes: number;
  readonly responseHeadBytes: number;
  /** From the first byte of the request to the end of the answer. */
  readonly durationUs: number;
  /** From there to the first byte of the answer. */
  readonly firstByteUs: number;
  /** To open the connection to the backend, if there was none to reuse. */
  readonly connectUs: number;
  /** From the start of the last attempt to the first byte of its response. */
  readonly backendUs: number;
  /** From there to the end of the answer. */
  readonly backendTotalUs: number;
  /** Empty for a request that was refused. */
  readonly pool: string;
  /** The last one that was asked; empty when none was. */
  readonly backend: string;
  readonly attempts: number;
}

/** The status of a line whose client got none; nginx made it known as "client closed request". */
export const NO_ANSWER = 499;

/**
 * Characters of a line at most, its end included. A write of so many bytes reaches a pipe whole or not at all, whoever
 * else writes there (PIPE_BUF on Linux, pipe(7)), and collectors of lines take it.
 */
export const LONGEST_LINE = 4_096;

/** Characters, after escaping, that a line spends on each text of the client's; their sum keeps it short enough. */
export const MOST = { target: 1_536, host: 255, requestId: 192, referer: 640, userAgent: 512 } as const;

/** What stands before and behind the target in a line. */
export interface Around {
  readonly before: string;
  readonly behind: string;
}

/** One way to write lines. */
export interface LineFormat {
  /** What is written for each byte that may not stand for itself, indexed by the byte. */
  readonly escapes: readonly string[];
  around(client: string, method: string, minorVersion: 0 | 1, host: string): Around;
  /** @returns the line with its end, printable ASCII otherwise, at most {@link LONGEST_LINE} characters */
  line(entry: AccessEntry): string;
}

/**
 * A copy of its own: neither a part that keeps the whole head it was cut from in memory, nor a list of parts to be put
 * together each time it is written.
 */
export function copyOf(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}
