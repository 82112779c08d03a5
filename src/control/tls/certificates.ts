/**
 * control/tls/certificates.ts: the certificates that the balancer serves. The primary reads their files, at the start, at
 * each reload and whenever they change, and sends what is good to the workers; one that cannot be used leaves the one
 * before in use.
 */
import { createSecureContext } from 'node:tls';
import { ConfigError } from '../../config/config-error.js';
import type { ListenerTls } from '../../config/listener-tls.js';
import { HTTP_VERSIONS, type ListenerConfig } from '../../config/listeners.js';
import type { TlsMaterial } from '../../core/secrets.js';
import { type KeyedCertificate, keyedCertificate } from '../../tls/certificate.js';
import { serverProfile } from '../../tls/profile.js';
import { type AcmeOrder, keyOfOrder, orderOf, ordersOf } from '../acme/order.js';
import type { Renewals } from '../acme/renewals.js';
import { AcmeStorage } from '../acme/storage.js';
import { readStored } from '../acme/stored.js';
import type { Journal } from '../journal.js';
import { certificatesIn, readAll, readPair } from './pem-files.js';
import { TicketKeys } from './ticket-keys.js';

/** A certificate that is served, as the API shows it. */
export interface CertificateView {
  readonly names: readonly string[];
  /** Names of the listeners that serve it. */
  readonly listeners: readonly string[];
  readonly issuer: string;
  readonly keyType: string;
  /** SHA-256 in hexadecimal. */
  readonly fingerprint: string;
  readonly notAfter: string;
  /** Whole days until it expires; negative once it has. */
  readonly daysLeft: number;
  /** Where it comes from: its file, or `acme`. */
  readonly source: string;
  /** When it was taken into use. */
  readonly servingSince: string;
  /** Why its source, as it is now, is not used, or why the CA has given out no other; `null` while all is well. */
  readonly problem: string | null;
  /** When it is renewed by ACME next; `null` for one from a file, and while it is being ordered. */
  readonly nextRenewal: string | null;
}

/** The outcome of reading one source. */
interface Loaded extends KeyedCertificate {
  readonly source: string;
  readonly sinceMs: number;
  readonly problem: string | undefined;
  /** Key of the order that it is for, where it comes by ACME. */
  readonly order?: string;
}

type TrustFiles = NonNullable<TlsMaterial['clientAuth']>;

/** Everything that was read for a configuration; taken into use as a whole. */
export interface CertificateSet {
  /** Certificates by {@link keyOf}. */
  readonly loaded: ReadonlyMap<string, Loaded>;
  /** What clients' certificates are judged by, by the listener's name. */
  readonly trust: ReadonlyMap<string, TrustFiles>;
  /** Problems with CA files and revocation lists whose last content stays in use, by listener. */
  readonly trustProblems: ReadonlyMap<string, string>;
  readonly listeners: readonly ListenerConfig[];
}

const NOTHING: CertificateSet = { loaded: new Map(), trust: new Map(), trustProblems: new Map(), listeners: [] };
const DAY_MS = 86_400_000;
/** The source of certificates that come by ACME. */
const ACME = 'acme';
const TEMPORARY = 'it is temporary and signs itself: the CA has given out none so far';

type Certificate = ListenerTls['certificates'][number];

export class Certificates {
  readonly #journal: Pick<Journal, 'note'>;
  readonly #nowMs: () => number;
  readonly #tickets = new TicketKeys();
  #current: CertificateSet = NOTHING;
  /** @returns how far the certificates are that come by ACME */
  renewals: () => Renewals = () => new Map();

  /** @param nowMs epoch milliseconds */
  constructor(journal: Pick<Journal, 'note'>, nowMs: () => number) {
    this.#journal = journal;
    this.#nowMs = nowMs;
  }

  /**
   * Reads everything that `listeners` name.
   * @throws {ConfigError} when a file cannot be used and there is nothing from before in its place
   */
  async read(listeners: readonly ListenerConfig[]): Promise<CertificateSet> {
    const secure = listeners.flatMap(({ name, tls }) => (tls === undefined ? [] : [{ name, tls }]));
    const entries = new Map(
      secure.flatMap(({ tls }) => tls.certificates.map((each) => [keyOf(each), { each, tls }] as const)),
    );
    const loaded = await Promise.all(
      [...entries].map(async ([key, { each, tls }]) => [key, await this.#load(key, each, tls)] as const),
    );
    const trust = await Promise.all(
      secure.map(async ({ name, tls }) => [name, await this.#trustOf(name, tls)] as const),
    );
    const managed = await Promise.all(ordersOf(listeners).map((order) => this.#managed(order)));
    return {
      loaded: new Map([...loaded, ...managed.flat()]),
      trust: new Map(trust.flatMap(([name, { files }]) => (files === undefined ? [] : [[name, files] as const]))),
      trustProblems: new Map(
        trust.flatMap(([name, { problem }]) => (problem === '' ? [] : [[name, problem] as const])),
      ),
      listeners,
    };
  }

  /** Takes what was read into use, and notes what has changed. @returns what workers need */
  use(next: CertificateSet): readonly TlsMaterial[] | undefined {
    const before = this.#current;
    this.#current = next;
    for (const [key, now] of next.loaded) this.#note(now, before.loaded.get(key));
    for (const [name, reason] of next.trustProblems) {
      if (before.trustProblems.get(name) !== reason) this.#journal.note('certificate-rejected', { file: name, reason });
    }
    return this.material;
  }

  /** What workers need for the listeners that speak TLS; `undefined` where none does. */
  get material(): readonly TlsMaterial[] | undefined {
    const { listeners, loaded, trust } = this.#current;
    const secure = listeners.flatMap((listener) => {
      const { name, tls } = listener;
      if (tls === undefined) return [];
      const clientAuth = trust.get(name);
      const served = keysOf(tls, listeners).flatMap((key) => loaded.get(key)?.served ?? []);
      const auth = clientAuth === undefined ? {} : { clientAuth };
      return [
        {
          ...materialOf(listener, tls),
          certificates: served,
          ...auth,
          ...this.#tickets.keysFor(clientAuth),
        },
      ];
    });
    return secure.length === 0 ? undefined : secure;
  }

  /** Keys of session tickets. */
  get tickets(): TicketKeys {
    return this.#tickets;
  }

  /** Files whose content is in use. */
  get files(): readonly string[] {
    const { listeners } = this.#current;
    const stored = ordersOf(listeners).map(({ id, storage }) => new AcmeStorage(storage).fileOf(id));
    return [...new Set([...listeners.flatMap(({ tls }) => (tls === undefined ? [] : filesOf(tls))), ...stored])];
  }

  get listeners(): readonly ListenerConfig[] {
    return this.#current.listeners;
  }

  view(): readonly CertificateView[] {
    const { listeners, loaded } = this.#current;
    const renewals = this.renewals();
    return [...loaded].map(([key, { facts, served, source, sinceMs, problem, order = '' }]) => ({
      names: facts.names,
      listeners: listeners.flatMap(({ name, tls }) =>
        tls !== undefined && keysOf(tls, listeners).includes(key) ? [name] : [],
      ),
      issuer: facts.issuer,
      keyType: served.keyType,
      fingerprint: facts.fingerprint,
      notAfter: new Date(facts.notAfterMs).toISOString(),
      daysLeft: Math.floor((facts.notAfterMs - this.#nowMs()) / DAY_MS),
      source,
      servingSince: new Date(sinceMs).toISOString(),
      problem: renewals.get(order)?.problem ?? problem ?? null,
      nextRenewal: timeOf(renewals.get(order)?.nextMs),
    }));
  }

  #note(now: Loaded, before: Loaded | undefined): void {
    const { source: file, facts, problem, order } = now;
    // What is wrong with an order is noted where it fails.
    if (order === undefined && problem !== undefined && problem !== before?.problem) {
      this.#journal.note('certificate-rejected', { file, reason: problem });
    }
    if (before === undefined || before.facts.fingerprint === facts.fingerprint) return;
    this.#journal.note('certificate-changed', {
      file,
      names: facts.names,
      notAfter: new Date(facts.notAfterMs).toISOString(),
    });
  }

  /** Reads what is served for an order. */
  async #managed(order: AcmeOrder): Promise<readonly (readonly [string, Loaded])[]> {
    const key = keyOfOrder(order);
    const temporaryKey = temporaryOf(key);
    const { loaded } = this.#current;
    if (!loaded.has(key) && !loaded.has(temporaryKey)) await new AcmeStorage(order.storage).prepare();
    const { stored, temporary } = await readStored(order, loaded.get(temporaryKey), this.#nowMs());
    const entries = [
      [key, stored, undefined],
      [temporaryKey, temporary, TEMPORARY],
    ] as const;
    return entries.flatMap(([at, found, problem]) =>
      found === undefined ? [] : [[at, { ...this.#since(found, at), source: ACME, problem, order: key }] as const],
    );
  }

  /** @returns the certificate, with the time since when it is in use */
  #since(found: KeyedCertificate, key: string): KeyedCertificate & { readonly sinceMs: number } {
    const before = this.#current.loaded.get(key);
    const isSame = before?.facts.fingerprint === found.facts.fingerprint && before.served.key === found.served.key;
    return { facts: found.facts, served: found.served, sinceMs: isSame ? before.sinceMs : this.#nowMs() };
  }

  /** Reads a certificate. @returns the one before, with the problem, where the file's cannot be used */
  async #load(key: string, certificate: Certificate, tls: ListenerTls): Promise<Loaded> {
    const before = this.#current.loaded.get(key);
    const found = await this.#tryCertificate(certificate, tls);
    if (typeof found !== 'string') {
      return { ...this.#since(found, key), source: certificate.cert, problem: undefined };
    }
    if (before === undefined) throw new ConfigError([found]);
    return { ...before, problem: found };
  }

  /** @returns the certificate, or a sentence about what is wrong with it */
  async #tryCertificate(certificate: Certificate, tls: ListenerTls): Promise<KeyedCertificate | string> {
    const passphraseFile = certificate.passphraseFile ?? tls.passphraseFile;
    try {
      const { cert, key, passphrase } = await readPair({ ...certificate, passphraseFile });
      const found = keyedCertificate(cert, key, passphrase);
      const problem = typeof found === 'string' ? found : this.#problemOf(found, keyOf(certificate));
      return problem === undefined || typeof found === 'string'
        ? sentence(certificate, found)
        : sentence(certificate, problem);
    } catch (error) {
      if (error instanceof ConfigError) return error.message;
      throw error;
    }
  }

  /** @returns what is wrong with a certificate that belongs to its key; `undefined` if nothing is */
  #problemOf({ facts, served }: KeyedCertificate, key: string): string | undefined {
    // Without one before, an expired certificate is better than none: whoever trusts it regardless is served.
    if (facts.notAfterMs <= this.#nowMs() && this.#current.loaded.has(key)) {
      return `expired on ${new Date(facts.notAfterMs).toISOString()}`;
    }
    try {
      createSecureContext({ ...serverProfile('TLSv1.2'), cert: served.cert, key: served.key, ca: [] });
      return undefined;
    } catch (error) {
      return `is refused by OpenSSL: ${error instanceof Error ? error.message : String(error)}`;
    }
  }

  /** Reads what clients' certificates are judged by. */
  async #trustOf(
    name: string,
    { clientAuth }: ListenerTls,
  ): Promise<{ files: TrustFiles | undefined; problem: string }> {
    if (clientAuth === undefined) return { files: undefined, problem: '' };
    try {
      const [ca, crl] = await Promise.all([readAll(clientAuth.ca), readAll(clientAuth.crl ?? [])]);
      const files = {
        required: clientAuth.mode === 'require',
        ca: ca.flatMap(certificatesIn),
        crl: crl.map(({ text }) => text),
      };
      createSecureContext({ ca: [...files.ca], ...(files.crl.length > 0 ? { crl: [...files.crl] } : {}) });
      return { files, problem: '' };
    } catch (error) {
      const problem = `clientAuth of listener ${name}: ${error instanceof Error ? error.message : String(error)}`;
      const before = this.#current.trust.get(name);
      if (before === undefined) throw new ConfigError([problem]);
      return { files: before, problem };
    }
  }
}

/** @returns `found` itself, or a sentence with the file in front of the clause */
function sentence<Found>({ cert }: Certificate, found: Found | string): Found | string {
  return typeof found === 'string' ? `${cert}: it ${found}` : found;
}

function materialOf({ name, protocol, protocols }: ListenerConfig, { profile, minVersion }: ListenerTls) {
  const offered: readonly string[] = protocol === 'tcp' ? [] : (protocols ?? HTTP_VERSIONS);
  const oldest = minVersion ?? (profile === 'modern' ? 'TLSv1.3' : 'TLSv1.2');
  return {
    listener: name,
    minVersion: oldest,
    protocols: offered,
  } as const;
}

function keyOf({ cert, key, passphraseFile = '' }: Certificate): string {
  return `${cert}\0${key}\0${passphraseFile}`;
}

/** @returns the keys of what a listener serves */
function keysOf({ certificates, acme }: ListenerTls, listeners: readonly ListenerConfig[]): readonly string[] {
  const order = acme === undefined ? undefined : keyOfOrder(orderOf(acme, listeners));
  return [...certificates.map(keyOf), ...(order === undefined ? [] : [order, temporaryOf(order)])];
}

/** @returns the key of the temporary certificate for an order */
function temporaryOf(order: string): string {
  return `${order}\0temporary`;
}

function timeOf(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}

function filesOf({ certificates, passphraseFile, clientAuth }: ListenerTls): readonly string[] {
  return [
    ...certificates.flatMap(({ cert, key, passphraseFile: own }) => [cert, key, ...(own === undefined ? [] : [own])]),
    ...(passphraseFile === undefined ? [] : [passphraseFile]),
    ...(clientAuth === undefined ? [] : [clientAuth.ca, clientAuth.crl ?? []].flat()),
  ];
}
