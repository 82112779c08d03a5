/**
 * routing/rate-limit.ts: the identity of a rate limit and of the clients that it counts, as workers and ledger use
 * them.
 */
import { createHash } from 'node:crypto';
import { clientKey } from '../core/client-key.js';
import type { Milliseconds } from '../core/milliseconds.js';
import { type Match, placeOf } from './router.js';

/** `rateLimit` of a route in the configuration. */
export interface RateLimitSpec {
  /** Requests of one key that are let through in each period of {@link per}, on average. */
  readonly requests: number;
  readonly per: Milliseconds;
  /** Requests of one key that are let through at once after a time without any. */
  readonly burst: number;
  /** What is counted by: `ip` (the client address) or `header:NAME`. */
  readonly key: string;
}

/** Characters of a limit's id: 96 bits of the digest. */
const ID_LENGTH = 16;
/** Characters of a field value up to which it is its own key; a longer one is counted by its SHA-256 digest. */
const LONGEST_VALUE = 64;

/** Most characters of a key, so that a table of so many keys has a bound in bytes, whatever clients and proxies send. */
export const LONGEST_KEY = 1 + LONGEST_VALUE;

/** @returns an id that a reload keeps as long as the route matches the same requests and has the same limit */
export function rateLimitId(match: Match, { requests, per, burst, key }: RateLimitSpec): string {
  const { methods = [], headers = {} } = match;
  const fields = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  const route = [placeOf(match), methods.toSorted(), fields.sort()];
  return digest(JSON.stringify([route, requests, per, burst, key])).slice(0, ID_LENGTH);
}

/**
 * @param address an IP address, or what `clientNode` has for one
 * @returns the key of a client that is counted by its address: an IPv4 address, or the /64 of an IPv6 address
 */
export function addressKey(address: string): string {
  return `a${clientKey(address)}`;
}

/** @returns the key of a request that is counted by the value of a header field */
export function valueKey(value: string): string {
  return value.length > LONGEST_VALUE ? `d${digest(value)}` : `v${value}`;
}

function digest(text: string): string {
  return createHash('sha256').update(text, 'latin1').digest('base64url');
}
