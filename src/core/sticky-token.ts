/**
 * core/sticky-token.ts: what a cookie says that ties a client to a backend. It names the backend to whoever has the
 * secret and tells nobody else anything; without the secret none can be made, not even for an address that is known.
 */
import { createHmac } from 'node:crypto';
import type { BackendId } from './backend.js';

/** Characters of a token: HMAC-SHA-256 (RFC 2104) in base64url. */
export const TOKEN_LENGTH = 43;
/** So many of them find the token; the others prove that it is no guess. */
export const HANDLE_LENGTH = 16;

/** @returns the same for the same backend of the same pool, in every worker and after every restart */
export function stickyToken(secret: string, pool: string, id: BackendId): string {
  // No name of a pool holds a line feed, so no two pairs come to the same text.
  return createHmac('sha256', secret).update(`${pool}\n${id}`).digest('base64url');
}
