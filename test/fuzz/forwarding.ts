/**
 * test/fuzz/forwarding.ts: whether what we send on is the message that was taken, and nothing else: the fields that
 * the rules expect, the same body, and a message sent behind it read from exactly where it begins.
 */
import { expectedFields } from './expected-fields.js';
import { llhttpRead } from './llhttp.js';
import { bytesOf, type Input, type Message } from './message.js';
import { type OwnMessage, ownRead } from './own.js';
import { asLlhttpKnowsIt, startForLlhttp } from './stand-in.js';

type Essence = Pick<Message, 'start' | 'fields' | 'body' | 'complete'>;

const NEXT = {
  request: 'GET /next HTTP/1.1\r\nHost: next.test\r\n\r\n',
  response: 'HTTP/1.1 206 Next\r\nContent-Length: 0\r\n\r\n',
} as const;
const NEXT_READ: Readonly<Record<Input['kind'], Essence>> = {
  request: { start: 'GET /next', fields: ['Host', 'next.test'], body: '', complete: true },
  response: { start: '206 Next', fields: ['Content-Length', '0'], body: '', complete: true },
};

/** @returns what is wrong with `message` as sent on, in words; empty when nothing is */
export function forwardingDifference(input: Input, message: OwnMessage): string {
  // An HTTP/1.0 client is sent no interim response.
  if (message.interim && input.toMinor === 0) return '';
  const { kind } = input;
  const ends = message.framing === 'close' || message.dechunk;
  const followed =
    message.complete && !message.upgrade && (kind === 'request' || message.interim || message.keepsClient);
  const body = message.dechunk ? message.body : input.text.slice(message.bodyAt, message.end);
  const text = message.onward + body + (followed ? NEXT[kind] : '');
  const wanted: Essence[] = [
    {
      start: message.start,
      fields: expectedFields(input, message),
      body: message.body,
      complete: message.complete || ends,
    },
    ...(followed ? [NEXT_READ[kind]] : []),
  ];
  return ownDifference({ ...input, text }, wanted) || llhttpDifference({ ...input, text }, wanted, ends);
}

function ownDifference(onward: Input, wanted: readonly Essence[]): string {
  const { messages } = ownRead(onward, [bytesOf(onward.text)]);
  // Only one response is read from a connection at a time; what is behind it is not looked at.
  const most = onward.kind === 'response' && messages[0]?.interim === false ? 1 : wanted.length;
  return mismatch(
    'we read back',
    messages.map((message) => ({ ...message, complete: message.complete || message.framing === 'close' })),
    wanted.slice(0, most),
  );
}

function llhttpDifference(onward: Input, wanted: readonly Essence[], ends: boolean): string {
  const bytes = bytesOf(onward.text);
  const { messages: own } = ownRead(onward, [bytes]);
  const isRequest = onward.kind === 'request';
  if (isRequest && startForLlhttp(own[0]?.start ?? '') === undefined) return '';
  const judged = isRequest ? asLlhttpKnowsIt(bytes, own) : bytes;
  const { messages } = llhttpRead(onward.kind, [judged], { isHead: onward.isHead === true, ends });
  const known = wanted.map((each) => ({ ...each, start: isRequest ? `${startForLlhttp(each.start)}` : each.start }));
  return mismatch('llhttp reads', messages, known) || connectionDifference(onward, messages[0], own[0]);
}

/** The version is ours, and of what Connection said only what we say. */
function connectionDifference(onward: Input, message: Message | undefined, own: OwnMessage | undefined): string {
  if (message?.version !== '1.1') return 'it is not HTTP/1.1';
  if (onward.kind === 'request' && !message.keepAlive) return 'it ends the connection';
  if (onward.kind === 'request' && message.upgrade !== own?.upgrade) return 'it asks for another protocol';
  return '';
}

function mismatch(who: string, found: readonly Essence[], wanted: readonly Essence[]): string {
  const [a, b] = [found, wanted].map((list) => JSON.stringify(list.map(essence)));
  return a === b ? '' : `${who} ${a}, wanted ${b}`;
}

function essence({ start, fields, body, complete }: Essence): Essence {
  return { start, fields, body, complete };
}
