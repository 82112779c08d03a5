/**
 * control/acme/managed-certificate.ts: keeps one certificate in the storage good: orders it where it is missing, renews it
 * in time, and tries again when that has failed.
 */
import type { Random } from '../../core/random.js';
import { renewalMs, retryPauseMs } from '../../core/renewal.js';
import { type KeyedCertificate, keyedCertificate } from '../../tls/certificate.js';
import type { Journal } from '../journal.js';
import type { Logger } from '../logger.js';
import type { ChallengeBoard } from './challenge-board.js';
import type { AcmeOrder } from './order.js';
import type { Renewal } from './renewals.js';
import { type Issued, OrderError, obtain } from './session.js';
import { AcmeStorage } from './storage.js';

/** Longest sleep, in milliseconds: clocks are set, machines are suspended, and timers cannot be longer than 24 days. */
const LONGEST_SLEEP_MS = 3_600_000;
/** Pause while another process orders the same certificate, in milliseconds. */
const OTHER_AT_IT_MS = 5_000;

export interface ManagedParts {
  readonly board: ChallengeBoard;
  readonly journal: Pick<Journal, 'note'>;
  readonly logger: Logger;
  readonly random: Random;
  /** Has what is stored be taken into use. */
  readonly refresh: () => Promise<void>;
  /** @returns epoch milliseconds */
  readonly nowMs: () => number;
}

export class ManagedCertificate {
  readonly order: AcmeOrder;
  readonly #parts: ManagedParts;
  readonly #storage: AcmeStorage;
  readonly #stopping = new AbortController();
  /** Where in the spread of renewals this process is. */
  readonly #chance: number;
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<void> = Promise.resolve();
  #isWorking = false;
  #failures = 0;
  #issued = 0;
  #failed = 0;
  #problem: string | undefined;
  #nextMs: number | undefined;
  /** Fingerprint of what was stored at the last look; '' for nothing. */
  #seen: string | undefined;

  constructor(order: AcmeOrder, parts: ManagedParts) {
    this.order = order;
    this.#parts = parts;
    this.#storage = new AcmeStorage(order.storage);
    this.#chance = parts.random.next();
  }

  get renewal(): Renewal {
    const { domains: names } = this.order.acme;
    return { names, issued: this.#issued, failed: this.#failed, problem: this.#problem, nextMs: this.#nextMs };
  }

  /** Begins; or tries again at once, where the last try has failed. */
  wake(): void {
    if (this.#isWorking || this.#stopping.signal.aborted) return;
    clearTimeout(this.#timer);
    this.#isWorking = true;
    this.#working = this.#work().finally(() => {
      this.#isWorking = false;
    });
  }

  /** @returns resolved once nothing is under way any more */
  stop(): Promise<void> {
    this.#stopping.abort();
    clearTimeout(this.#timer);
    return this.#working;
  }

  async #work(): Promise<void> {
    try {
      const stored = await this.#storage.certificate(this.order.id);
      const isNews = this.#isNews(stored);
      const dueMs = stored === undefined ? 0 : this.#dueMs(stored);
      if (dueMs <= this.#parts.nowMs()) await this.#renew(stored);
      else if (isNews) await this.#taken();
      else this.#rest(dueMs);
    } catch (error) {
      this.#hasFailed(error, undefined);
    }
  }

  /** Whether another process has stored it since the last look. */
  #isNews(stored: KeyedCertificate | undefined): boolean {
    const fingerprint = stored?.facts.fingerprint ?? '';
    const isNews = this.#seen !== undefined && this.#seen !== fingerprint;
    this.#seen = fingerprint;
    return isNews;
  }

  async #renew(stored: KeyedCertificate | undefined): Promise<void> {
    const release = await this.#storage.lock(this.order.id);
    if (release === undefined) return this.#sleep(this.#parts.nowMs() + OTHER_AT_IT_MS);
    try {
      // Another process may have been done with it just now.
      const found = await this.#storage.certificate(this.order.id);
      if (found?.facts.fingerprint === stored?.facts.fingerprint) await this.#obtain();
      await this.#taken();
    } catch (error) {
      this.#hasFailed(error, stored);
    } finally {
      await release();
    }
  }

  async #obtain(): Promise<void> {
    const { logger, board, nowMs } = this.#parts;
    const { id, acme } = this.order;
    this.#nextMs = undefined;
    logger.info('certificate ordered', { names: acme.domains, directory: acme.directory });
    const issued = await obtain(this.order, { storage: this.#storage, board }, this.#stopping.signal);
    const { facts } = this.#checked(issued);
    await this.#storage.store(id, issued, {
      domains: acme.domains,
      directory: acme.directory,
      issued: new Date(nowMs()).toISOString(),
      notAfter: new Date(facts.notAfterMs).toISOString(),
    });
    this.#issued += 1;
  }

  /** @throws {OrderError} when what the CA has sent is not what was ordered */
  #checked({ cert, key }: Issued): KeyedCertificate {
    const found = keyedCertificate(cert, key, undefined);
    if (typeof found === 'string') throw new OrderError(`the certificate of the CA ${found}`, 'refused', undefined);
    const missing = this.order.acme.domains.find((name) => !found.facts.names.includes(name));
    if (missing === undefined) return found;
    throw new OrderError(`the certificate of the CA is not for ${missing}`, 'refused', undefined);
  }

  /** A new certificate is stored. */
  async #taken(): Promise<void> {
    this.#failures = 0;
    this.#problem = undefined;
    await this.#parts.refresh();
    const stored = await this.#storage.certificate(this.order.id);
    this.#rest(stored === undefined ? 0 : this.#dueMs(stored));
  }

  #hasFailed(error: unknown, stored: KeyedCertificate | undefined): void {
    if (this.#stopping.signal.aborted) return;
    const { journal, nowMs, random } = this.#parts;
    const { failure, retryAfterMs = 0 } =
      error instanceof OrderError ? error : ({ failure: 'refused', retryAfterMs: undefined } as const);
    this.#failures += 1;
    this.#failed += 1;
    const leftMs = stored === undefined ? undefined : stored.facts.notAfterMs - nowMs();
    const pauseMs = retryPauseMs(failure, this.#failures, leftMs, random.next());
    const inMs = Math.max(pauseMs, Math.min(retryAfterMs, LONGEST_SLEEP_MS));
    const reason = error instanceof Error ? error.message : String(error);
    if (reason !== this.#problem) {
      const { domains: names } = this.order.acme;
      journal.note('certificate-not-issued', { names, reason, retryInMs: Math.round(inMs) });
    }
    this.#problem = reason;
    this.#sleep(nowMs() + inMs);
  }

  #dueMs({ facts }: KeyedCertificate): number {
    return renewalMs(facts.notBeforeMs, facts.notAfterMs, this.#chance);
  }

  /** The certificate is good until `dueMs`. */
  #rest(dueMs: number): void {
    this.#sleep(Math.max(dueMs, this.#parts.nowMs() + 1_000));
  }

  #sleep(untilMs: number): void {
    this.#nextMs = untilMs;
    if (this.#stopping.signal.aborted) return;
    const ms = Math.min(LONGEST_SLEEP_MS, Math.max(0, untilMs - this.#parts.nowMs()));
    this.#timer = setTimeout(() => this.#wakeIfDue(untilMs), ms).unref();
  }

  #wakeIfDue(untilMs: number): void {
    if (this.#parts.nowMs() < untilMs && this.#failures > 0) this.#sleep(untilMs);
    else this.wake();
  }
}
