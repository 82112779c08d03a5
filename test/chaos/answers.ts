/** test/chaos/answers.ts: what a client makes of what comes back: the answer to its request, or how there was none. */
import { field, type Message } from '../support/message.js';
import { type Peer, PeerGoneError } from '../support/peer.js';
import { EVIL } from './behaviours.js';
import type { Ending, Journal } from './journal.js';
import { type RequestPlan, responseBody } from './plan.js';

/** What the proxy may say in its own name: to any client, and to one whose request is not right. */
const REFUSALS = [502, 503, 504];
const REFUSALS_OF_BAD = [400, 408, ...REFUSALS];

export interface Answer {
  readonly ending: Ending;
  /** Its first line and, if it is the proxy's own, the reason in its body; empty when there was none. */
  readonly said: string;
  /** Another request may follow on this connection. */
  readonly keepAlive: boolean;
}

export interface Expectation {
  /** The client did not send the request as it should. */
  readonly isBad: boolean;
  /** The response before this one said that the connection ends behind it. */
  readonly afterClose: boolean;
}

/** Reads the response to `plan` and notes how it ended. */
export async function readAnswer(
  peer: Peer,
  plan: RequestPlan,
  journal: Journal,
  { isBad, afterClose }: Expectation,
): Promise<Answer> {
  try {
    const message = await finalMessage(peer, plan);
    if (afterClose) journal.violated(plan.id, 'it was answered behind Connection: close');
    checkBytes(message.raw, plan, journal);
    const cutOff = isShort(message, plan) && (await isCutOff(message, peer));
    const ending = cutOff ? 'broken' : verdict(message, plan, journal, isBad);
    journal.ended(plan.id, ending);
    const said = ending === 'refused' ? `${message.line}: ${message.body.trim()}` : message.line;
    return { ending, said, keepAlive: mayFollow(message, plan) };
  } catch (error) {
    if (!(error instanceof PeerGoneError)) throw error;
    checkBytes(peer.text, plan, journal);
    const ending = afterClose ? 'unserved' : 'broken';
    if (afterClose && journal.deliveries(plan.id) > 0) journal.violated(plan.id, 'it was delivered and not answered');
    journal.ended(plan.id, ending);
    return { ending, said: '', keepAlive: false };
  }
}

/** Every byte that names somebody must name the request that is being answered. */
export function checkBytes(text: string, { id }: RequestPlan, journal: Journal): void {
  const others = [...text.matchAll(/<([^<>@?\r\n]+)[@>]/g)].map(([, name]) => name).filter((name) => name !== id);
  if (others.length > 0) journal.violated(id, `it was answered with bytes of ${others[0]}`);
  if (text.includes(EVIL)) journal.violated(id, 'it was answered with what nobody asked for');
}

async function finalMessage(peer: Peer, { method }: RequestPlan): Promise<Message> {
  for (;;) {
    const message = await peer.message({ toHead: method === 'HEAD' });
    if (message.status >= 200) return message;
  }
}

function wholeBody(message: Message, plan: RequestPlan): string {
  return plan.method === 'HEAD' ? '' : responseBody(plan, field(message, 'x-backend') ?? '');
}

function isShort(message: Message, plan: RequestPlan): boolean {
  return field(message, 'x-id') === plan.id && message.body.length < wholeBody(message, plan).length;
}

/**
 * Whether a body that lasts as long as its connection was ended by a reset. libuv reports an orderly end when it finds
 * the last bytes and the reset at once (uv__stream_io), so the socket is asked a second time, by a write.
 */
async function isCutOff(message: Message, peer: Peer): Promise<boolean> {
  const hasEnd = field(message, 'content-length') ?? field(message, 'transfer-encoding');
  if (hasEnd !== undefined || peer.parting === undefined) return false;
  const failure = await new Promise((resolve) => peer.socket.write('x', resolve));
  return failure instanceof Error;
}

function verdict(message: Message, plan: RequestPlan, journal: Journal, isBad: boolean): Ending {
  const from = field(message, 'x-id');
  if (from === undefined) {
    const { status, body } = message;
    const statuses = isBad ? REFUSALS_OF_BAD : REFUSALS;
    const whole = body.startsWith(`${status} `) && body.endsWith('\n');
    const known = statuses.includes(status) && (whole || plan.method === 'HEAD');
    if (!known) journal.violated(plan.id, `it was refused like this: ${JSON.stringify(message.raw)}`);
    return 'refused';
  }
  const body = wholeBody(message, plan);
  if (from !== plan.id) journal.violated(plan.id, `it got the answer to ${from}: ${JSON.stringify(message.fields)}`);
  else if (message.body !== body)
    journal.violated(plan.id, `${message.body.length} of ${body.length} bytes looked whole`);
  else if (journal.deliveries(plan.id) === 0) journal.violated(plan.id, 'it was answered and never delivered');
  return 'right';
}

function mayFollow(message: Message, plan: RequestPlan): boolean {
  const connection = field(message, 'connection')?.toLowerCase();
  return plan.minorVersion === 0 ? connection === 'keep-alive' : connection !== 'close';
}
