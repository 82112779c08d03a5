/**
 * test/fuzz/compare.ts: whether what we accept means the same to llhttp. We may be stricter, so what we refuse is not
 * looked at; but a message that we take, be it a part of one, llhttp must take with the same head, body and end, or the
 * two sides of this proxy could be made to disagree (RFC 9112 section 11).
 */
import { forwardingDifference } from './forwarding.js';
import { type LlhttpReading, llhttpRead } from './llhttp.js';
import { bytesOf, type Input, type Message } from './message.js';
import { type OwnMessage, ownRead } from './own.js';
import { asLlhttpKnowsIt, startForLlhttp } from './stand-in.js';

export interface Outcome {
  /** How many messages were taken whole. */
  readonly accepted: number;
  /** What is read differently, in words; empty when nothing is. */
  readonly difference: string;
}

/** @param cuts offsets at which the input is split for our second reading, ascending */
export function compare(input: Input, cuts: readonly number[]): Outcome {
  const bytes = bytesOf(input.text);
  const own = ownRead(input, [bytes]);
  const accepted = own.messages.filter(({ complete }) => complete).length;
  const split = ownRead(input, splitAt(bytes, cuts));
  if (JSON.stringify(split) !== JSON.stringify(own)) return { accepted, difference: 'we read it differently in parts' };
  const difference = connectionsOf(input, own.messages)
    .map((messages) => readingDifference(input, bytes, messages))
    .find((found) => found !== '');
  if (difference !== undefined) return { accepted, difference };
  for (const message of own.messages) {
    const found = forwardingDifference(input, message);
    if (found !== '') return { accepted, difference: `${message.start} is not forwarded as it was meant: ${found}` };
  }
  return { accepted, difference: '' };
}

/** Bytes of the empty line that may stand in front of the first request. */
const LEADING_LINE = 2;

function splitAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  return [...cuts, bytes.length].map((end, i) => bytes.subarray(cuts[i - 1] ?? 0, end));
}

/**
 * The messages that llhttp can read as one connection. It takes some for the last that do not end ours, and behind them
 * it reads afresh: an interim response in HTTP/1.0 or with `Connection: close`, which never is the last, and messages
 * with a Connection that {@link isOddToLlhttp}. None of these fields is sent on as it came.
 */
function connectionsOf(input: Input, messages: readonly OwnMessage[]): OwnMessage[][] {
  const connections: OwnMessage[][] = [];
  let goesOn = false;
  for (const message of messages) {
    if (goesOn) connections.at(-1)?.push(message);
    else connections.push([message]);
    goesOn = !message.interim && !isOddToLlhttp(input, message);
  }
  return connections;
}

/**
 * Proxy-Connection has a meaning to llhttp, which it should not have (RFC 9112 appendix C.2.2); and a tab in Connection
 * is to it a part of the option, where RFC 9110 section 5.6.3 has white space.
 */
function isOddToLlhttp({ text }: Input, { from, bodyAt }: OwnMessage): boolean {
  return /^(proxy-connection:|connection:.*\t)/im.test(text.slice(from, bodyAt));
}

/** Whether a response has Content-Length twice, which llhttp refuses; we take equal ones, and send on one of them. */
function repeatsLength({ text }: Input, { from, bodyAt }: OwnMessage): boolean {
  return (text.slice(from, bodyAt).match(/^content-length:/gim) ?? []).length > 1;
}

function readingDifference(input: Input, bytes: Buffer, taken: readonly OwnMessage[]): string {
  const unknown = taken.findIndex((message) =>
    input.kind === 'request' ? startForLlhttp(message.start) === undefined : repeatsLength(input, message),
  );
  const messages = unknown < 0 ? taken : taken.slice(0, unknown);
  const [first, last] = [messages[0], messages.at(-1)];
  if (first === undefined || last === undefined) return '';
  const origin = first.from <= LEADING_LINE ? 0 : first.from;
  const judged = (input.kind === 'request' ? asLlhttpKnowsIt(bytes, messages) : bytes).subarray(origin);
  const options = { isHead: input.isHead === true, ends: last.framing === 'close' };

  // What we forward, byte for byte, cut just before and just behind the end of each message.
  const cuts = messages.filter(({ complete }) => complete).flatMap(({ end }) => [end - 1 - origin, end - origin]);
  const forwarded = llhttpRead(input.kind, splitAt(judged.subarray(0, last.end - origin), cuts), options);
  if (forwarded.messages.length > messages.length) return `llhttp reads ${forwarded.messages.length} messages`;
  const early = cuts.findIndex((_, i) => forwarded.completeAfter[i] !== Math.ceil(i / 2));
  if (early >= 0) return `message ${early >> 1} ends elsewhere: ${described(forwarded)}`;
  const found = firstDifference(input, messages, forwarded, true);
  return found || firstDifference(input, messages, llhttpRead(input.kind, [judged], options), false);
}

/** @param exact whether llhttp saw only what we took, so that what is incomplete to us must be so to it */
function firstDifference(input: Input, own: readonly OwnMessage[], reading: LlhttpReading, exact: boolean): string {
  for (const [i, message] of own.entries()) {
    const other = reading.messages[i];
    const found = other === undefined ? 'llhttp refuses it' : difference(input, message, other, exact);
    if (found !== '') return `message ${i}, ${message.start}: ${found}: ${described(reading)}`;
  }
  return '';
}

function difference(input: Input, own: OwnMessage, other: Message, exact: boolean): string {
  const start = input.kind === 'request' ? startForLlhttp(own.start) : own.start;
  if (other.start !== start) return 'other first line';
  if (other.version !== `1.${own.minorVersion}`) return 'other version';
  if (other.fields.join('\n') !== own.fields.join('\n')) return 'other fields';
  if (exact ? other.body !== own.body : !other.body.startsWith(own.body)) return 'other body';
  const complete = own.complete || own.framing === 'close';
  if (exact ? other.complete !== complete : complete && !other.complete) return 'other end';
  if (isOddToLlhttp(input, own)) return '';
  // Asked before llhttp knows that the response answers HEAD: without a length it then expects a body to the end.
  const knowsEnd = !own.interim && input.isHead !== true;
  if (knowsEnd && own.keepAlive && !other.keepAlive) return 'only we would keep the connection';
  // The other way round is meant: with a body, for h2c or in HTTP/1.0 we do not ask the backend for the upgrade.
  if (input.kind === 'request' && own.upgrade && !other.upgrade) return 'only we see an upgrade';
  return '';
}

function described({ messages, error }: LlhttpReading): string {
  return `llhttp read ${JSON.stringify(messages)}, ${error ?? 'no error'}`;
}
