/**
 * control/tls/tls-files.ts: all files about TLS that a configuration names, read and taken into use together: those of
 * listeners, and those for backends.
 */
import type { Config } from '../../config/schema.js';
import type { Secrets } from '../../core/secrets.js';
import type { Journal } from '../journal.js';
import type { Logger } from '../logger.js';
import { type BackendCertificateSet, BackendCertificates } from './backend-certificates.js';
import { type CertificateSet, Certificates } from './certificates.js';

/** Everything that was read for a configuration. */
export interface TlsFileSet {
  readonly served: CertificateSet;
  readonly backends: BackendCertificateSet;
}

/** What workers and probes need. */
export type TlsSecrets = Pick<Secrets, 'tls' | 'backendTls'>;

export class TlsFiles {
  readonly served: Certificates;
  readonly #backends: BackendCertificates;

  /** @param nowMs epoch milliseconds */
  constructor(journal: Pick<Journal, 'note'>, logger: Pick<Logger, 'warn'>, nowMs: () => number) {
    this.served = new Certificates(journal, nowMs);
    this.#backends = new BackendCertificates(journal, logger);
  }

  /** @throws {ConfigError} when a file cannot be used and there is nothing from before in its place */
  async read(config: Pick<Config, 'listeners' | 'pools'>): Promise<TlsFileSet> {
    const [served, backends] = await Promise.all([this.served.read(config.listeners), this.#backends.read(config)]);
    return { served, backends };
  }

  /** Takes what was read into use, and notes what has changed. */
  use({ served, backends }: TlsFileSet): TlsSecrets {
    return { tls: this.served.use(served), backendTls: this.#backends.use(backends) };
  }

  /** Files whose content is in use. */
  get files(): readonly string[] {
    return [...new Set([...this.served.files, ...this.#backends.files])];
  }
}
