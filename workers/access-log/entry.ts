/** workers/access-log/entry.ts: the content of one line of the access log, and the interface of a line format. */
import type { Reason } from '../../src/core/reason.js';
import type { ConnectionEntry } from './connection-entry.js';

/**
 * One request and its response. Texts from the client are escaped, as {@link LineFormat.escapes} says, and hold
 * printable ASCII only. Times are whole microseconds; -1 where there is none.
 */
export interface AccessEntry {
  /** When the response ended, in epoch milliseconds. */
  readonly endedAt: number;
  /**
   * IP address of who is believed to be the client, or what a trusted proxy has for one; '' if the connection's other end
   * was gone before its address could be read.
   */
  readonly client: string;
  /** IP address of the trusted proxy that the request came from; '' if it came from no such proxy. */
  readonly peer: string;
  /** The TLS of the connection; `undefined` without. */
  readonly tls: LoggedTls | undefined;
  /** The head could be parsed. If not, {@link line} is all that is logged of it. */
  readonly isRead: boolean;
  /** The first line, as it came, of a head that could not be parsed. */
  readonly line: string;
  readonly method: string;
  readonly target: string;
  readonly version: LoggedVersion;
  readonly host: string;
  /** The text that {@link LineFormat.frame} made of client, peer, method, version and host; kept between requests. */
  readonly frame: LineFrame;
  readonly requestId: string;
  /** Id of the trace that the request belongs to; '' if there is none or traces are not read. */
  readonly traceId: string;
  readonly referer: string;
  readonly userAgent: string;
  /** Status of the response; {@link NO_ANSWER} if the client's connection ended before one. */
  readonly status: number;
  readonly reason: Reason | '';
  /** The rule or limit that a refused head or body breaks; '' otherwise. */
  readonly fault: string;
  /** Bytes of the request, head and body, as received; over HTTP/2 without the headers of frames. */
  readonly requestBytes: number;
  /** Bytes of the response, head and body, as sent. */
  readonly responseBytes: number;
  readonly responseHeadBytes: number;
  /** From the first byte of the request to the end of the response. */
  readonly durationUs: number;
  /** From the first byte of the request to the first byte of the response. */
  readonly firstByteUs: number;
  /** Time to open the connection to the backend; -1 if an open one was reused. */
  readonly connectUs: number;
  /** From the start of the last attempt to the first byte of its response. */
  readonly backendUs: number;
  /** From the start of the last attempt to the end of the response. */
  readonly backendTotalUs: number;
  /** Name of the route that the request took; '' if that has none, or no route was looked for. */
  readonly route: string;
  /** Name of the pool; '' if the request was refused before it had one. */
  readonly pool: string;
  /** Id of the backend of the last attempt; '' if there was none. */
  readonly backend: string;
  readonly attempts: number;
}

/** The version of HTTP that the client spoke. */
export type LoggedVersion = '1.0' | '1.1' | '2.0';

/** What the access log says of a connection over TLS. */
export interface LoggedTls {
  readonly version: string;
  readonly cipher: string;
  /** The name that the client asked for, escaped; '' for none. */
  readonly servername: string;
}

/** The status logged for a request whose client got no response; nginx's "client closed request". */
export const NO_ANSWER = 499;

/**
 * Most characters of a line, its end included. A write of that many bytes to a pipe is atomic even if other processes
 * write to it, too (PIPE_BUF on Linux, pipe(7)); log collectors accept lines of that length.
 */
export const LONGEST_LINE = 4_096;

/**
 * Most characters, after escaping, of each text from the client; with all of them, a host of the 260 that the parser
 * accepts, and the longest names of route, pool and backend, a line is below {@link LONGEST_LINE}.
 */
export const MOST = { target: 1_408, requestId: 192, referer: 448, userAgent: 448, servername: 128 } as const;

/** The parts of a line before and behind the target, which are the same for most requests of a connection. */
export interface LineFrame {
  readonly before: string;
  readonly behind: string;
}

/** What a {@link LineFrame} is made of. */
export type FrameParts = Pick<AccessEntry, 'client' | 'peer' | 'tls' | 'method' | 'version' | 'host'>;

/** Formats one access-log record as a line: JSON or combined log format. */
export interface LineFormat {
  /** The text written for each byte that is not plain, indexed by the byte. */
  readonly escapes: readonly string[];
  /** @returns the parts of a line that do not change from request to request of a connection */
  frame(from: FrameParts): LineFrame;
  /** @returns the line with its end, otherwise printable ASCII, at most {@link LONGEST_LINE} characters */
  line(entry: AccessEntry): string;
  /** {@link line} for a TCP connection. */
  connection(entry: ConnectionEntry): string;
}

/**
 * @returns a flat copy of a latin1 text. A slice would keep the whole head that it was cut from in memory; a
 * concatenation would be flattened again each time it is written.
 */
export function copyOf(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}
