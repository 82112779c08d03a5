/**
 * test/chaos/plan.ts: what will go wrong, drawn from a seed before anything happens: who asks for what, in which manner,
 * and what the backends do with it. Both sides look a request up here by its id, so both know what is right.
 */
import { type Random, seeded } from '../../src/core/random.js';

/** What a backend does with a delivery: rightly answered, in some way or other. */
export const RIGHT = [
  'length',
  'length',
  'chunked',
  'trailers',
  'until-close',
  'interim',
  'drip',
  'says-close',
  'old-version',
  'closes-behind',
  'closes-later',
] as const;
/** ... answered rightly before the request is complete, and then the rest is read, or nobody listens any more. */
export const EARLY = ['early', 'early-and-gone'] as const;
/** ... or not at all, so that it may be asked again if it is a request that may be repeated. */
export const LOST = [
  'reset-at-head',
  'end-at-head',
  'reset',
  'end',
  'garbage',
  'half-head',
  'two-framings',
  'huge-head',
  'interim-flood',
  'unasked-upgrade',
] as const;
/** ... or not as it should, for good. */
export const WRONG = ['silence', 'short-then-end', 'short-then-reset', 'short-then-silence', 'bad-chunk'] as const;
/** ... or with an answer that nobody asked for behind it, which is the next request's where one was sent already. */
export const ONE_TOO_MANY = ['junk-behind', 'junk-later'] as const;
/** ... or by leaving HTTP for a protocol of echoes, to the client that asks for that. */
export const SWITCHES = 'switches';
export type Behaviour =
  | (typeof RIGHT | typeof EARLY | typeof LOST | typeof WRONG | typeof ONE_TOO_MANY)[number]
  | typeof SWITCHES;

/** How a client behaves with the last of its requests; the ones before it are asked one by one. */
export const GOOD_MANNERS = ['steady', 'steady', 'pipelined', 'dripping', 'half-closing', 'tunnelling'] as const;
export const BAD_MANNERS = [
  'leaves-asking',
  'resets-asking',
  'leaves-listening',
  'deaf',
  'bad-chunk',
  'bad-head',
  'stalls-in-head',
  'stalls-in-body',
  'ends-in-body',
  'silent',
] as const;
export type Manner = (typeof GOOD_MANNERS | typeof BAD_MANNERS)[number];

export interface RequestPlan {
  readonly id: string;
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT';
  readonly minorVersion: 0 | 1;
  readonly bodyBytes: number;
  readonly chunked: boolean;
  /** What the first delivery meets, the second and so on; further ones are answered by length. */
  readonly behaviours: readonly Behaviour[];
  readonly answerBytes: number;
}

export interface ClientPlan {
  readonly manner: Manner;
  readonly requests: readonly RequestPlan[];
  /** Where it leaves: a share of what it would have sent or received. */
  readonly share: number;
}

const SMALL = 2_000;
const LARGE = 600_000;
/** Longer request bodies are not kept for another try. */
const REPLAYED = 65_536;

/**
 * @param shared whether requests share connections to the backends, so that an answer too many cannot be told
 * @returns the clients of one round; the same for the same seed
 */
export function planRound(seed: number, clients: number, shared: boolean): ClientPlan[] {
  const random = seeded(seed);
  const wrong = shared ? WRONG : [...WRONG, ...ONE_TOO_MANY];
  let count = 0;
  const request = (): RequestPlan => planRequest(random, `${seed}-${count++}`, wrong);
  return Array.from({ length: clients }, () => {
    const manner = random.below(3) > 0 ? one(random, GOOD_MANNERS) : one(random, BAD_MANNERS);
    const requests = Array.from({ length: 1 + random.below(6) }, request);
    if (manner === 'tunnelling') requests.push(planTunnel(`${seed}-${count++}`));
    return { manner, requests, share: random.next() };
  });
}

function planRequest(random: Random, id: string, wrong: readonly Behaviour[]): RequestPlan {
  const method = one(random, ['GET', 'GET', 'GET', 'HEAD', 'POST', 'POST', 'PUT'] as const);
  const hasBody = method === 'POST' || method === 'PUT';
  const minorVersion = random.below(8) === 0 ? 0 : 1;
  return {
    id,
    method,
    minorVersion,
    bodyBytes: hasBody ? size(random) : 0,
    chunked: minorVersion === 1 && random.below(2) === 0,
    behaviours: Array.from({ length: 1 + random.below(2) }, () => planBehaviour(random, hasBody, wrong)),
    answerBytes: size(random),
  };
}

function planTunnel(id: string): RequestPlan {
  const plain = { bodyBytes: 0, chunked: false, answerBytes: 0 };
  return { id, method: 'GET', minorVersion: 1, ...plain, behaviours: [SWITCHES, SWITCHES, SWITCHES] };
}

function planBehaviour(random: Random, hasBody: boolean, wrong: readonly Behaviour[]): Behaviour {
  if (random.below(2) === 0) return one(random, RIGHT);
  if (hasBody && random.below(4) === 0) return one(random, EARLY);
  return one(random, random.below(2) === 0 ? LOST : wrong);
}

function size(random: Random): number {
  return random.below(random.below(8) === 0 ? LARGE : SMALL);
}

function one<T>(random: Random, list: readonly T[]): T {
  const found = list[random.below(list.length)];
  if (found === undefined) throw new RangeError('Nothing to choose from');
  return found;
}

/**
 * Whether nothing stands in the way of a right answer but what one more try gets over (RFC 9110 section 9.2.2). After
 * two lost ones the last backend that was not tried may be out of use at the moment.
 */
export function isHarmless({ method, bodyBytes, behaviours }: RequestPlan): boolean {
  const countOf = (list: readonly Behaviour[]): number => behaviours.filter((each) => list.includes(each)).length;
  const losses = countOf(LOST);
  return method !== 'POST' && bodyBytes < REPLAYED && losses <= 1 && countOf(RIGHT) + losses === behaviours.length;
}

/** Every byte of a request body says whose it is. */
export function requestBody({ id, bodyBytes }: RequestPlan): string {
  return filled(`<${id}?>`, bodyBytes);
}

/** Every byte of a response body says which request it answers, and who does. */
export function responseBody({ id, answerBytes }: RequestPlan, backend: string): string {
  return filled(`<${id}@${backend}>`, answerBytes);
}

function filled(unit: string, bytes: number): string {
  return unit.repeat(Math.ceil(bytes / unit.length)).slice(0, bytes);
}
