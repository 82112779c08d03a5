/** test/fuzz/message.ts: what is fuzzed, and a message as any reader sees it, so that two readings can be compared. */

export type Kind = 'request' | 'response';

/** One input: what comes down a connection, and what of its circumstances decides how it is read and sent on. */
export interface Input {
  readonly kind: Kind;
  /** One byte a character. */
  readonly text: string;
  /** A response: it answers HEAD. */
  readonly isHead?: boolean;
  /** A response: it answers a request for another protocol. */
  readonly upgrade?: boolean;
  /** A response: the minor version of the client's HTTP. */
  readonly toMinor?: 0 | 1;
  /** A request: it comes from a proxy whose forwarding fields are believed. */
  readonly trusted?: boolean;
  /** A request: Forwarded, Via and X-Request-Id are added to it. */
  readonly adds?: boolean;
}

export interface Message {
  /** `method target`, or `status reason`. */
  readonly start: string;
  /** Major and minor. */
  readonly version: string;
  /** Name, value, name, value. */
  readonly fields: readonly string[];
  /** The payload so far, chunks undone; latin1. */
  readonly body: string;
  /** As {@link fields}. */
  readonly trailers: readonly string[];
  readonly complete: boolean;
  readonly keepAlive: boolean;
  readonly upgrade: boolean;
}

export function bytesOf(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}
