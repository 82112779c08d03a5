/**
 * control/acme/stored.ts: what is served for an order: the stored certificate, and until the CA has given one out the one
 * that comes nearest, with a temporary one, which signs itself, for the names that it lacks.
 */
import { type KeyedCertificate, keyedCertificate } from '../../tls/certificate.js';
import { selfSigned } from '../tls/self-signed.js';
import type { AcmeOrder } from './order.js';
import { AcmeStorage } from './storage.js';

/** Days for which a temporary certificate is good. */
const TEMPORARY_DAYS = 90;
const DAY_MS = 86_400_000;

export interface Stored {
  /** What the storage holds; `undefined` if there is nothing of use. */
  readonly stored: KeyedCertificate | undefined;
  /** For the names that `stored` is not for; `undefined` if there are none. */
  readonly temporary: KeyedCertificate | undefined;
}

/**
 * @param before the temporary certificate in use
 * @throws {ConfigError} when the storage cannot be used, and nothing was read from it before
 */
export async function readStored(
  { id, acme, storage: path }: AcmeOrder,
  before: KeyedCertificate | undefined,
  nowMs: number,
): Promise<Stored> {
  const storage = new AcmeStorage(path);
  const stored = (await storage.certificate(id)) ?? (await storage.nearest(acme.domains, nowMs));
  const missing = acme.domains.filter((name) => stored?.facts.names.includes(name) !== true);
  if (missing.length === 0) return { stored, temporary: undefined };
  const isGood =
    before !== undefined && before.facts.names.join() === missing.join() && before.facts.notAfterMs > nowMs + DAY_MS;
  return { stored, temporary: isGood ? before : await temporaryFor(missing) };
}

async function temporaryFor(names: readonly string[]): Promise<KeyedCertificate> {
  const { cert, key } = await selfSigned(names, TEMPORARY_DAYS);
  const made = keyedCertificate(cert, key, undefined);
  if (typeof made === 'string') throw new TypeError(`A certificate that was just made ${made}`);
  return made;
}
