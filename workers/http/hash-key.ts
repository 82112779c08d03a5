/**
 * workers/http/hash-key.ts: reads the part of a request that a policy hashes, from the head while that is at hand, and
 * only for pools whose policy hashes.
 */
import { isKeyed } from '../../src/balancing/policies.js';
import type { PoolConfig } from '../../src/config/schema.js';
import { cookieValue } from '../../src/http1/cookie.js';
import { fieldValue } from '../../src/http1/find-field.js';
import type { ClientSide } from '../../src/http1/forward-request.js';
import type { RequestHead } from '../../src/http1/request-head.js';
import { pathOf } from '../../src/http1/target.js';
import type { ClientPolicy } from '../inbound/client-policy.js';

/** Reads the key of one request. @returns '' for a request that has none */
export type ReadKey = (head: RequestHead, client: ClientSide) => string;

/** @returns what reads the keys of requests to the pool; `undefined` for a policy that hashes nothing */
export function keyReaderOf({ policy, hash: { key } }: PoolConfig, clients: ClientPolicy): ReadKey | undefined {
  if (!isKeyed(policy)) return undefined;
  const [kind, name = ''] = policy === 'source-ip' ? ['ip'] : key.split(':');
  switch (kind) {
    case 'path':
      return (head) => pathOf(head.target);
    case 'header':
      return (head) => fieldValue(head.fields, name.toLowerCase());
    case 'cookie':
      return (head) => cookieValue(head.fields, name);
    default:
      return (head, client) => clients.clientAddress(head, client);
  }
}
