/**
 * workers/http/hash-key.ts: what of a request a policy hashes. Read from the head while that is at hand, and only for
 * pools whose policy asks.
 */
import { isKeyed } from '../../src/balancing/picker.js';
import type { PoolConfig } from '../../src/config/schema.js';
import { cookieValue } from '../../src/http1/cookie.js';
import { fieldValue } from '../../src/http1/find-field.js';
import type { ClientSide } from '../../src/http1/forward-request.js';
import type { RequestHead } from '../../src/http1/request-head.js';
import type { ClientPolicy } from './client-policy.js';

/** @returns the key, '' for a request that has none */
export type ReadKey = (text: string, head: RequestHead, client: ClientSide) => string;

/** @returns how the key of a request to this pool is read; `undefined` when its policy reads none */
export function keyReaderOf({ policy, hash: { key } }: PoolConfig, clients: ClientPolicy): ReadKey | undefined {
  if (!isKeyed(policy)) return undefined;
  const [kind, name = ''] = policy === 'source-ip' ? ['ip'] : key.split(':');
  switch (kind) {
    case 'path':
      return (_text, head) => pathOf(head.target);
    case 'header':
      return (text, head) => fieldValue(text, head.fields, name.toLowerCase());
    case 'cookie':
      return (text, head) => cookieValue(text, head.fields, name);
    default:
      return (text, head, client) => clients.clientAddress(text, head, client);
  }
}

/** @returns the path without the query, for either form of a target (RFC 9112 section 3.2) */
function pathOf(target: string): string {
  const query = target.indexOf('?');
  const end = query < 0 ? target.length : query;
  if (target.startsWith('/')) return target.slice(0, end);
  const path = target.indexOf('/', target.indexOf('//') + 2);
  return path < 0 || path > end ? '/' : target.slice(path, end);
}
