/** test/conformance/judge.ts: whether what was seen of a case is one of its safe outcomes. */

import { type ReadMessage, valuesOf } from '../../bench/http/message.js';
import { ANY_TAG, isCheck, isSmuggled, type Recorded } from './backend.js';
import { TAG } from './bytes.js';
import type { AnswerWant, Case, MessageWant, Outcome, RequestWant } from './case.js';
import type { Answer, Received } from './client.js';

export interface Seen {
  readonly tag: string;
  readonly client: Received;
  readonly backend: readonly Recorded[];
  /** Of the clients that came afterwards, those that did not get their own answer. */
  readonly misled: number;
}

export interface Verdict {
  /** The outcome that was met; `undefined` when it was none of the safe ones. */
  readonly outcome: Outcome | undefined;
  /** It is what Roundhouse is documented to do. */
  readonly isFirst: boolean;
  /** Why it is not safe, one line per outcome that it might have been. */
  readonly reasons: readonly string[];
}

export function judge(test: Case, seen: Seen): Verdict {
  const harm = harmOf(seen);
  if (harm !== undefined) return { outcome: undefined, isFirst: false, reasons: [harm] };
  const reasons: string[] = [];
  for (const outcome of test.safe) {
    const difference = differenceFrom(outcome, seen);
    if (difference === undefined) return { outcome, isFirst: outcome === test.safe[0], reasons };
    reasons.push(`not ${outcome.kind}: ${difference}`);
  }
  return { outcome: undefined, isFirst: false, reasons };
}

/** What is wrong in every case, whatever its outcomes allow. */
function harmOf({ tag, client, backend, misled }: Seen): string | undefined {
  for (const each of backend) {
    if (each.kind === 'unreadable') return `the backend was sent ${each.why}`;
    if (each.kind === 'request' && isSmuggled(each.message, tag)) return 'the backend was sent a smuggled request';
  }
  if (client.unreadable !== undefined) return `the client was sent ${client.unreadable.why}`;
  for (const { message } of client.answers) {
    const other = ANY_TAG.exec(message.body)?.[0];
    if (other !== undefined && other !== tag) return 'the client was sent the answer to somebody else';
  }
  return misled > 0 ? `${misled} of the clients that came next did not get their own answer` : undefined;
}

/** @returns nothing when `seen` is that outcome */
function differenceFrom(outcome: Outcome, { tag, client, backend }: Seen): string | undefined {
  const tagged = (text: string): string => text.replaceAll(TAG, tag);
  return (
    endDifference(outcome, client) ??
    listDifference('answers', outcome.answers, client.answers, (want, answer) =>
      answerDifference(want, answer, tagged),
    ) ??
    cutDifference(outcome, client, tagged) ??
    tunnelDifference(outcome, client) ??
    requestsDifference(outcome, backend, tagged)
  );
}

function endDifference({ end }: Outcome, { end: seen }: Received): string | undefined {
  if (end === 'any' ? seen !== 'stuck' : end === (seen === 'reset' ? 'closed' : seen)) return undefined;
  return `the connection is ${seen}, not ${end === 'any' ? 'open or closed' : end}`;
}

function cutDifference({ cut }: Outcome, client: Received, tagged: Tagged): string | undefined {
  if (cut === undefined) return client.cut === undefined ? undefined : 'the last answer is incomplete';
  return client.cut === undefined ? 'no answer was left incomplete' : answerDifference(cut, client.cut, tagged);
}

function tunnelDifference({ tunnel }: Outcome, client: Received): string | undefined {
  return tunnel === undefined || tunnel === client.tunnel ? undefined : `behind the 101 came "${client.tunnel}"`;
}

function requestsDifference({ reaches }: Outcome, backend: readonly Recorded[], tagged: Tagged): string | undefined {
  if (reaches === undefined) return undefined;
  const requests = backend.flatMap((each) => (each.kind === 'request' && !isCheck(each.message) ? [each.message] : []));
  return listDifference('requests at the backend', reaches, requests, (want, request) =>
    requestDifference(want, request, tagged),
  );
}

type Tagged = (text: string) => string;

function listDifference<W, S>(
  what: string,
  wants: readonly W[],
  seen: readonly S[],
  difference: (want: W, seen: S) => string | undefined,
): string | undefined {
  if (wants.length !== seen.length) return `${seen.length} ${what}, not ${wants.length}`;
  for (const [index, want] of wants.entries()) {
    const found = seen[index];
    const different = found === undefined ? 'missing' : difference(want, found);
    if (different !== undefined) return different;
  }
  return undefined;
}

function requestDifference(want: RequestWant, request: ReadMessage, tagged: Tagged): string | undefined {
  if (want.line !== undefined && tagged(want.line) !== request.line) return `the request line is "${request.line}"`;
  return messageDifference(want, request, tagged);
}

function answerDifference(want: AnswerWant, answer: Answer, tagged: Tagged): string | undefined {
  const statuses = typeof want.status === 'number' ? [want.status] : want.status;
  if (!statuses.includes(answer.status)) return `the status is ${answer.status}`;
  if (want.line !== undefined && want.line !== answer.message.line)
    return `the status line is "${answer.message.line}"`;
  if (want.interims !== undefined && want.interims.join() !== answer.interims.join()) {
    return `the 1xx in front are [${answer.interims}], not [${want.interims}]`;
  }
  return messageDifference(want, answer.message, tagged);
}

function messageDifference(want: MessageWant, message: ReadMessage, tagged: Tagged): string | undefined {
  const present = (want.lacks ?? []).find((name) => valuesOf(message.fields, name).length > 0);
  if (present !== undefined) return `${present} is there`;
  const missing = missingField(want, message, tagged);
  if (missing !== undefined) return `"${missing}" is missing or out of order`;
  if (want.framing !== undefined && want.framing !== message.framing) return `its framing is ${message.framing}`;
  if (want.body !== undefined && tagged(want.body) !== message.body) return `its body is "${message.body}"`;
  if (want.bytes !== undefined && tagged(want.bytes) !== message.bytes) return `its bytes are "${message.bytes}"`;
  return undefined;
}

function missingField({ has = [], exact = false }: MessageWant, { fields }: ReadMessage, tagged: Tagged) {
  let from = 0;
  for (const want of has) {
    const text = exact ? tagged(want) : plain(tagged(want));
    const at = fields.findIndex(({ line }, index) => index >= from && (exact ? line : plain(line)) === text);
    if (at < 0) return want;
    from = at + 1;
  }
  return undefined;
}

/** A field line as those read it who follow RFC 9110 section 5: the name in any case, no white space around the value. */
function plain(line: string): string {
  const colon = line.indexOf(':');
  return `${line.slice(0, colon).toLowerCase()}: ${line.slice(colon + 1).trim()}`;
}
