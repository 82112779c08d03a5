/**
 * control/tls/certificate-refresh.ts: keeps the certificates of a running balancer fresh. Their files are looked at every
 * few seconds: file events do not tell reliably of the links and directories that deployments replace.
 */
import { isDeepStrictEqual } from 'node:util';
import { signatureOf } from '../../config/file-signature.js';
import type { Broadcaster } from '../broadcaster.js';
import type { Journal } from '../journal.js';
import type { RunningConfig } from '../running-config.js';
import { ExpiryNotices } from './expiry-notices.js';
import { RETIREMENT_MS, ROTATION_MS } from './ticket-keys.js';
import type { TlsFiles, TlsSecrets } from './tls-files.js';

/** Time between two looks, in milliseconds. A change is taken up at the second look that finds the same. */
const LOOK_MS = 5_000;

export interface CertificateRefreshParts {
  readonly tlsFiles: TlsFiles;
  readonly config: RunningConfig;
  readonly broadcaster: Pick<Broadcaster, 'certificates' | 'backendTls'>;
  readonly journal: Pick<Journal, 'note'>;
}

export class CertificateRefresh {
  readonly #parts: CertificateRefreshParts;
  readonly #expiry: ExpiryNotices;
  #timers: readonly NodeJS.Timeout[] = [];
  #retiring: NodeJS.Timeout | undefined;
  #last: Promise<void> = Promise.resolve();
  /** What the files looked like when they were read last, and at the last look. */
  #read = '';
  #seen = '';
  #isLooking = false;

  constructor(parts: CertificateRefreshParts) {
    this.#parts = parts;
    this.#expiry = new ExpiryNotices(parts.journal);
  }

  /** Begins to watch the files, and to change the keys of session tickets. */
  async start(): Promise<void> {
    this.#expiry.look(this.#parts.tlsFiles.served.view());
    this.#read = await this.#signature();
    this.#seen = this.#read;
    this.#timers = [setInterval(() => void this.#look(), LOOK_MS), setInterval(() => this.#rotate(), ROTATION_MS)];
    for (const timer of this.#timers) timer.unref();
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
    clearTimeout(this.#retiring);
  }

  /** Reads every file again and sends what has changed to the workers. One that cannot be used leaves the old in use. */
  run(): Promise<void> {
    this.#last = this.#last.then(() => this.#once());
    return this.#last;
  }

  async #once(): Promise<void> {
    const { config, tlsFiles } = this.#parts;
    const { current } = config;
    this.#read = await this.#signature();
    const next = await tlsFiles.read(current);
    // A reload that came in between has read everything for its own configuration.
    if (current === config.current) this.#send(tlsFiles.use(next));
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const signature = await this.#signature();
    this.#isLooking = false;
    // A certificate and its key are written one after the other.
    const isSettled = signature === this.#seen;
    this.#seen = signature;
    if (isSettled && signature !== this.#read) await this.run();
    this.#expiry.look(this.#parts.tlsFiles.served.view());
  }

  #rotate(): void {
    const { tickets } = this.#parts.tlsFiles.served;
    tickets.rotate();
    this.#sendTickets();
    clearTimeout(this.#retiring);
    this.#retiring = setTimeout(() => {
      tickets.retire();
      this.#sendTickets();
    }, RETIREMENT_MS).unref();
  }

  #sendTickets(): void {
    const { tlsFiles, config } = this.#parts;
    this.#send({ tls: tlsFiles.served.material, backendTls: config.secrets.backendTls });
  }

  #send(next: TlsSecrets): void {
    const { config, broadcaster } = this.#parts;
    const { tls, backendTls } = config.secrets;
    const isSame = isDeepStrictEqual(tls, next.tls);
    if (isSame && backendTls === next.backendTls) return;
    config.renew({ ...config.secrets, ...next });
    if (!isSame) broadcaster.certificates();
    if (backendTls !== next.backendTls) broadcaster.backendTls();
  }

  async #signature(): Promise<string> {
    const files = this.#parts.tlsFiles.files;
    const signatures = await Promise.all(files.map(async (file) => `${file} ${await signatureOf(file)}`));
    return signatures.join('\n');
  }
}
