/**
 * core/sticky-token.ts: the value of the cookie that ties a client to a backend: a keyed hash of the backend's id. It
 * reveals nothing without the secret, and without the secret nobody can make one, not even for a known address.
 */
import { createHmac } from 'node:crypto';
import type { BackendId } from './backend.js';

/** Characters of a token: HMAC-SHA-256 (RFC 2104) in base64url. */
export const TOKEN_LENGTH = 43;
/** Leading characters of a token by which it is looked up in a table; the rest is compared to rule out a guess. */
export const HANDLE_LENGTH = 16;

/** @returns the token of backend `id` of `pool`, the same in every worker and after every restart */
export function stickyToken(secret: string, pool: string, id: BackendId): string {
  // Names of pools contain no line feed, so different pairs give different texts.
  return createHmac('sha256', secret).update(`${pool}\n${id}`).digest('base64url');
}
