/**
 * control/tls/ticket-keys.ts: the keys that session tickets are encrypted with. They are the same in all workers, so that
 * a client resumes its session whichever worker it comes back to. Whoever learns a key can read what was sent in the
 * sessions of TLS 1.2 that it has encrypted, so each is used for half a day.
 */
import { createHash, hkdfSync, randomBytes } from 'node:crypto';
import type { TlsMaterial } from '../../core/secrets.js';
import { SESSION_S } from '../../tls/profile.js';

const KEY_BYTES = 48;
export const ROTATION_MS = 12 * 3_600_000;
/** How long tickets under the key before are accepted: by then, every session of its time is over. */
export const RETIREMENT_MS = SESSION_S * 1_000;

export class TicketKeys {
  #key = randomBytes(KEY_BYTES);
  /** The key before: clients still come with tickets that it has encrypted. */
  #previous: Buffer | undefined;

  /** Makes another key. Tickets under the one before are accepted until {@link retire}. */
  rotate(): void {
    this.#previous = this.#key;
    this.#key = randomBytes(KEY_BYTES);
  }

  /** Forgets the key before: all sessions of its time are over. */
  retire(): void {
    this.#previous = undefined;
  }

  /**
   * @returns the keys of a listener, in base64: its own where clients are asked for certificates, and others once the CAs
   * or the revocation lists are others, since a resumed session is not verified again
   */
  keysFor(clientAuth: TlsMaterial['clientAuth']): Pick<TlsMaterial, 'ticketKey' | 'previousTicketKey'> {
    const ticketKey = derived(this.#key, clientAuth);
    return this.#previous === undefined
      ? { ticketKey }
      : { ticketKey, previousTicketKey: derived(this.#previous, clientAuth) };
  }
}

function derived(key: Buffer, clientAuth: TlsMaterial['clientAuth']): string {
  if (clientAuth === undefined) return key.toString('base64');
  const trust = createHash('sha256').update(JSON.stringify(clientAuth)).digest();
  return Buffer.from(hkdfSync('sha256', key, '', trust, KEY_BYTES)).toString('base64');
}
