/** control/acme/order.ts: what is ordered from a CA, as the configuration has it. */
import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { AcmeConfig } from '../../config/acme.js';
import type { ListenerConfig } from '../../config/listeners.js';
import { type AcmeChallengeType, defaultChallenge } from '../../core/acme.js';

/** A certificate that comes by ACME. Listeners that want the same one share it. */
export interface AcmeOrder {
  /** The name of its file: the first of its names, and a digest of all that makes it another certificate. */
  readonly id: string;
  readonly acme: AcmeConfig;
  readonly challenge: AcmeChallengeType;
  /** Directory, an absolute path. */
  readonly storage: string;
}

const DIGEST_LENGTH = 12;

/** @returns the orders of all listeners, each once */
export function ordersOf(listeners: readonly ListenerConfig[]): readonly AcmeOrder[] {
  const orders = listeners.flatMap(({ tls }) => (tls?.acme === undefined ? [] : [orderOf(tls.acme, listeners)]));
  return [...new Map(orders.map((order) => [keyOfOrder(order), order])).values()];
}

export function orderOf(acme: AcmeConfig, listeners: readonly ListenerConfig[]): AcmeOrder {
  const { domains, directory, storage, challenge = defaultChallenge(listeners) } = acme;
  const names = domains.toSorted();
  const digest = createHash('sha256')
    .update(JSON.stringify([directory, names]))
    .digest('hex');
  const id = `${names[0] ?? ''}-${digest.slice(0, DIGEST_LENGTH)}`;
  return { id, acme, challenge, storage: resolve(storage ?? defaultStorage()) };
}

/** @returns what tells an order apart from the others */
export function keyOfOrder({ storage, id }: AcmeOrder): string {
  return `acme\0${storage}\0${id}`;
}

function defaultStorage(): string {
  if (process.getuid?.() === 0) return '/var/lib/roundhouse/acme';
  const state = process.env['XDG_STATE_HOME'];
  return join(state === undefined || state === '' ? join(homedir(), '.local', 'state') : state, 'roundhouse', 'acme');
}
