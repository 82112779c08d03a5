/** routing/rate-limit.ts: what a rate limit counts, and by which name it is known to those who count. */
import { createHash } from 'node:crypto';
import { clientKey } from '../core/client-key.js';
import { type Match, placeOf } from './router.js';

export interface RateLimitSpec {
  /** So many in each time of {@link per}, in the long run. */
  readonly requests: number;
  /** Milliseconds. */
  readonly per: number;
  /** So many at once, after a rest. */
  readonly burst: number;
  /** `ip` or `header:NAME`. */
  readonly key: string;
}

const ID_LENGTH = 16;
/** A longer value of a field is counted by its digest. */
const LONGEST_VALUE = 64;

/** @returns a name that stays the same for as long as the route matches the same requests and its limit is the same */
export function rateLimitId(match: Match, { requests, per, burst, key }: RateLimitSpec): string {
  const { methods = [], headers = {} } = match;
  const fields = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  const route = [placeOf(match), methods.toSorted(), fields.sort()];
  return digest(JSON.stringify([route, requests, per, burst, key])).slice(0, ID_LENGTH);
}

/** @returns what a client is counted as by its address: an IPv6 client as its /64 */
export function addressKey(address: string): string {
  return `a${clientKey(address)}`;
}

/** @returns what a client is counted as by a field's value */
export function valueKey(value: string): string {
  return value.length > LONGEST_VALUE ? `d${digest(value)}` : `v${value}`;
}

function digest(text: string): string {
  return createHash('sha256').update(text, 'latin1').digest('base64url');
}
