/**
 * control/tls/expiry-notices.ts: notes that a certificate will expire soon, and that it has expired: each once, so that
 * the log of a balancer that nobody looks after is not full of it.
 */
import type { Journal } from '../journal.js';
import type { CertificateView } from './certificates.js';

/** Days before a certificate expires from which it is time that somebody looks; the dashboard warns from then on, too. */
const WARN_DAYS = 14;

export class ExpiryNotices {
  readonly #journal: Pick<Journal, 'note'>;
  /** What has been noted of the certificates in use, by their fingerprints. */
  #noted: ReadonlyMap<string, 'soon' | 'expired'> = new Map();

  constructor(journal: Pick<Journal, 'note'>) {
    this.#journal = journal;
  }

  /** @param certificates those in use now */
  look(certificates: readonly CertificateView[]): void {
    const noted = new Map<string, 'soon' | 'expired'>();
    for (const { fingerprint, daysLeft, names, source: file } of certificates) {
      if (daysLeft >= WARN_DAYS) continue;
      const stage = daysLeft < 0 ? 'expired' : 'soon';
      const before = noted.get(fingerprint) ?? this.#noted.get(fingerprint);
      noted.set(fingerprint, stage);
      if (before !== stage) this.#journal.note('certificate-expires', { file, names, daysLeft });
    }
    this.#noted = noted;
  }
}
