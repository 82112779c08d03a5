/** workers/http/local-answer.ts: responses of Roundhouse's own, before a codec writes them in its protocol. */
import type { Reason } from '../../src/core/reason.js';
import type { Fault } from '../../src/http1/fault.js';

/** A response that Roundhouse gives in its own name. */
export interface LocalAnswer {
  readonly status: number;
  /** Why, for the access log and the counters; the client is only told what `detail` says. */
  readonly reason: Reason;
  /** The rule or limit that a message breaks, for the access log. */
  readonly fault?: string;
  /** One plain sentence for the person who reads the body; never names a backend. */
  readonly detail: string;
  /** Seconds after which another try is worth while, for a 429 or 503; a second unless given. */
  readonly retryAfterS?: number;
  /** The URL that a redirect sends the client to; visible ASCII. */
  readonly location?: string;
  /** What is sent in place of `detail`; `undefined` for a line of text that says it. */
  readonly content?: AnswerContent;
  /** The pool that the answer is about, whose page it gets; '' or absent for none. */
  readonly pool?: string;
  /** The client's connection ends after this answer, or its stream does. */
  readonly closes?: true;
}

/** The body of an answer, and its header fields beside those that a codec adds. */
export interface AnswerContent {
  /** Media type of the body; '' for an answer without one. */
  readonly type: string;
  /** One byte a character. */
  readonly body: string;
  /** Header fields; a codec adds none of the same name. */
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/** @returns the answer to a request that breaks a rule */
export function answerToFault({ status, reason, detail }: Fault): LocalAnswer {
  return { status, reason: reasonOfFault(status), fault: reason, detail };
}

function reasonOfFault(status: Fault['status']): Reason {
  switch (status) {
    case 400:
      return 'bad-request';
    case 405:
    case 501:
    case 505:
      return 'not-supported';
    case 414:
    case 431:
      return 'too-large';
    case 502:
      return 'bad-response';
  }
}
