/**
 * test/conformance/case.ts: what a conformance case is: bytes that somebody sends, and every outcome that is safe.
 * Cases are data, so that one suite judges Roundhouse and any other proxy alike.
 */

/** One run of bytes, or something that is no byte. Text is latin1: one character is one byte. */
export type Step = string | Act;

/**
 * `pause`: 30 ms in which what was said can arrive by itself. `end`: our direction ends in order. `reset`: the
 * connection is torn down. `await`: for a client, until one more message came, interim ones too; for a backend, until
 * the request is complete.
 */
export interface Act {
  readonly act: 'pause' | 'end' | 'reset' | 'await';
}

export const PAUSE: Act = { act: 'pause' };
export const END: Act = { act: 'end' };
export const RESET: Act = { act: 'reset' };
export const AWAIT: Act = { act: 'await' };

/** What the backend says to one request. Unless it is `early` it waits until the request is complete. */
export interface Reply {
  readonly early: boolean;
  readonly say: readonly Step[];
}

export interface Case {
  /** Unique in the suite: `topic/what`. */
  readonly id: string;
  readonly title: string;
  readonly rfc: string;
  /** What the client sends; {@link TAG} in it is replaced, so that recordings of parallel cases do not mix. */
  readonly send: readonly Step[];
  /** How many final answers are waited for before the connection is tried with one more request; 1 unless given. */
  readonly answers?: number;
  /** The first answer is one to HEAD. */
  readonly toHead?: true;
  /** One per request that reaches the backend, the last for all that follow; without them it answers 200. */
  readonly backend?: readonly Reply[];
  /** Where it is about something else than its topic. */
  readonly about?: Topic['about'];
  /** Depends on which upstream connection is used, so nothing else may run meanwhile. */
  readonly alone?: true;
  /** So many clients come afterwards and must each get their own answer. */
  readonly followers?: number;
  /** Every outcome that is safe; the first is what Roundhouse does. */
  readonly safe: readonly [Outcome, ...Outcome[]];
}

/** Cases about one thing. */
export interface Topic {
  readonly name: string;
  /** What is at stake where no safe outcome is met: somebody else's bytes, or only the letter of the RFC. */
  readonly about: 'safety' | 'rules';
  /** Which side of the proxy misbehaves. */
  readonly side: 'request' | 'response';
  readonly cases: readonly Case[];
}

/** What somebody must receive. Field names are compared in any case, unless `exact`. */
export interface MessageWant {
  /** Fields that are there, `Name: value`, in this order; others may stand between them. */
  readonly has?: readonly string[];
  /** Names of fields that are not there. */
  readonly lacks?: readonly string[];
  /** The payload, without chunk framing. */
  readonly body?: string;
  /** The body with its framing, byte for byte. */
  readonly bytes?: string;
  readonly framing?: 'none' | 'length' | 'chunked' | 'close';
  /** Names and values of `has` are compared byte by byte, white space around values included. */
  readonly exact?: boolean;
}

export interface RequestWant extends MessageWant {
  readonly line?: string;
}

export interface AnswerWant extends MessageWant {
  readonly status: number | readonly number[];
  /** The whole status line. */
  readonly line?: string;
  /** Statuses of the 1xx in front of it; not looked at unless given. */
  readonly interims?: readonly number[];
}

/**
 * - `refused`: the proxy answers in its own name, with an error, and closes: nobody can misread what follows
 * - `dropped`: the connection is closed without an answer
 * - `waits`: nothing happens until some time limit, which is not waited for
 * - `forwarded`: the message goes on
 * - `replaced`: the proxy answers in the place of a backend
 * - `broken`: an answer that has begun ends so that the client sees that it is incomplete
 */
export type Kind = 'refused' | 'dropped' | 'waits' | 'forwarded' | 'replaced' | 'broken';

export interface Outcome {
  readonly kind: Kind;
  /** The complete final answers, in order. */
  readonly answers: readonly AnswerWant[];
  /** The begun answer that never became complete. */
  readonly cut?: AnswerWant;
  /** `open`: the next request on the connection gets its own answer. */
  readonly end: 'open' | 'closed' | 'stuck' | 'any';
  /** Complete requests at the backend, in order; not looked at when absent. */
  readonly reaches?: readonly RequestWant[];
  /** What the client gets behind a 101. */
  readonly tunnel?: string;
}
