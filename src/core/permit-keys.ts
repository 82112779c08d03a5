/** core/permit-keys.ts: the keys of what the whole host may have only so many of at once (permit-ledger.ts). */
import type { BackendId } from './backend.js';

/** Longest key; ids of backends and keys of clients are far shorter. */
export const LONGEST_PERMIT_KEY = 1_024;

/** What a key stands for. */
export type PermitSubject =
  | { readonly kind: 'connections' }
  | { readonly kind: 'address' }
  | { readonly kind: 'backend'; readonly pool: string; readonly id: string };

/** Client connections of the host. */
export const CONNECTIONS_KEY = 'connections';
const ADDRESS = 'address ';
const BACKEND = 'backend ';

/** Connections of one client. @param client as `clientKey` has it */
export function addressPermitKey(client: string): string {
  return ADDRESS + client;
}

/** Requests that are open on one backend. */
export function backendPermitKey(pool: string, id: BackendId): string {
  // A pool's name is one word, so the key can be taken apart again.
  return `${BACKEND}${pool} ${id}`;
}

/** @returns what `key` stands for; `undefined` for a text that is no key */
export function permitSubject(key: string): PermitSubject | undefined {
  if (key === CONNECTIONS_KEY) return { kind: 'connections' };
  if (key.startsWith(ADDRESS)) return { kind: 'address' };
  if (!key.startsWith(BACKEND)) return undefined;
  const space = key.indexOf(' ', BACKEND.length);
  if (space < 0) return undefined;
  return { kind: 'backend', pool: key.slice(BACKEND.length, space), id: key.slice(space + 1) };
}
