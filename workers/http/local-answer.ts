/** workers/http/local-answer.ts: the responses that Roundhouse gives in its own name, before a protocol spells them. */
import type { Reason } from '../../src/core/reason.js';
import type { Fault } from '../../src/http1/fault.js';

export interface LocalAnswer {
  readonly status: number;
  /** For the access log and the counters; the client is told no more than `detail` says. */
  readonly reason: Reason;
  /** Which rule a message breaks, for the access log. */
  readonly fault?: string;
  /** One plain sentence for the person who reads the body; never names a backend. */
  readonly detail: string;
  /** Seconds after which it is worth another try; a guess unless given. */
  readonly retryAfterS?: number;
  /** Where the client is sent; visible ASCII. */
  readonly location?: string;
  /** The connection, or the client's part in it, is not to go on behind this answer. */
  readonly closes?: true;
}

/** @returns what a client is answered whose request breaks a rule */
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
