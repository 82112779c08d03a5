/**
 * control/tls/certificate-refresh.ts: keeps the certificates of a running balancer fresh. Their files are looked at every
 * few seconds: file events do not tell reliably of the links and directories that deployments replace.
 */
import { isDeepStrictEqual } from 'node:util';
import { signatureOf } from '../../config/file-signature.js';
import type { Broadcaster } from '../broadcaster.js';
import type { Journal } from '../journal.js';
import type { RunningConfig } from '../running-config.js';
import type { Certificates } from './certificates.js';
import { ExpiryNotices } from './expiry-notices.js';
import { RETIREMENT_MS, ROTATION_MS } from './ticket-keys.js';

/** Time between two looks, in milliseconds. A change is taken up at the second look that finds the same. */
const LOOK_MS = 5_000;

export interface CertificateRefreshParts {
  readonly certificates: Certificates;
  readonly config: RunningConfig;
  readonly broadcaster: Pick<Broadcaster, 'certificates'>;
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
    this.#expiry.look(this.#parts.certificates.view());
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
    const { certificates } = this.#parts;
    const { listeners } = certificates;
    this.#read = await this.#signature();
    const next = await certificates.read(listeners);
    // A reload that came in between has read everything for its own listeners.
    if (listeners === certificates.listeners) certificates.use(next);
    this.#send();
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
    this.#expiry.look(this.#parts.certificates.view());
  }

  #rotate(): void {
    const { tickets } = this.#parts.certificates;
    tickets.rotate();
    this.#send();
    clearTimeout(this.#retiring);
    this.#retiring = setTimeout(() => {
      tickets.retire();
      this.#send();
    }, RETIREMENT_MS).unref();
  }

  #send(): void {
    const { certificates, config, broadcaster } = this.#parts;
    const { material: tls } = certificates;
    if (isDeepStrictEqual(tls, config.secrets.tls)) return;
    config.renew({ ...config.secrets, tls });
    broadcaster.certificates();
  }

  async #signature(): Promise<string> {
    const files = this.#parts.certificates.files;
    const signatures = await Promise.all(files.map(async (file) => `${file} ${await signatureOf(file)}`));
    return signatures.join('\n');
  }
}
