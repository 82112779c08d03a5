/**
 * control/tls/ticket-keys.ts: the keys that session tickets are encrypted with. They are the same in all workers, so that
 * a client resumes its session whichever worker it comes back to. Whoever learns a key can read what was sent in the
 * sessions of TLS 1.2 that it has encrypted, so each is used for half a day.
 */
import { createHash, hkdfSync, randomBytes } from 'node:crypto';
import type { TlsMaterial } from '../../core/secrets.js';

const KEY_BYTES = 48;
export const ROTATION_MS = 12 * 3_600_000;

export class TicketKeys {
  #key = randomBytes(KEY_BYTES);

  /** Makes another key. Sessions from before fall back to full handshakes. */
  rotate(): void {
    this.#key = randomBytes(KEY_BYTES);
  }

  /**
   * @returns the key of a listener, in base64: its own where clients are asked for certificates, and another one once
   * the CAs or the revocation lists are others, since a resumed session is not verified again
   */
  keyFor(clientAuth: TlsMaterial['clientAuth']): string {
    if (clientAuth === undefined) return this.#key.toString('base64');
    const trust = createHash('sha256').update(JSON.stringify(clientAuth)).digest();
    return Buffer.from(hkdfSync('sha256', this.#key, '', trust, KEY_BYTES)).toString('base64');
  }
}
