/**
 * control/acme/storage.ts: the directory with account keys and certificates. Several processes may use it: a file is
 * always replaced as a whole, a certificate and its key are one file, and one process at a time orders a certificate.
 */
import { createHash, randomBytes } from 'node:crypto';
import { access, constants, link, mkdir, open, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../../config/config-error.js';
import { readConfigFile } from '../../config/read-file.js';
import { type KeyedCertificate, keyedCertificate } from '../../tls/certificate.js';
import { FOR_THE_OWNER, replaceFile } from '../replace-file.js';

const DIRECTORY_MODE = 0o700;
/** Age after which the lock of a process that has died no longer counts, in milliseconds; a living one renews it. */
const STALE_MS = 60_000;
const RENEW_MS = 20_000;
const ACCOUNT = 'account-';
const CERTIFICATE = '.pem';
const DIGEST_LENGTH = 12;

/** What is noted beside a certificate, for people. */
export interface CertificateNote {
  readonly domains: readonly string[];
  readonly directory: string;
  readonly issued: string;
  readonly notAfter: string;
}

export class AcmeStorage {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** Makes the directory. @throws {ConfigError} when it cannot be made or written to */
  async prepare(): Promise<void> {
    try {
      await mkdir(this.#path, { recursive: true, mode: DIRECTORY_MODE });
      await access(this.#path, constants.R_OK | constants.W_OK | constants.X_OK);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
      const why = code === 'EACCES' || code === 'EPERM' ? 'this user may not write there' : `it fails with ${code}`;
      throw new ConfigError([`${this.#path}: certificates of ACME cannot be stored there, since ${why}`]);
    }
  }

  /** The file of a certificate, which also holds its key. */
  fileOf(id: string): string {
    return join(this.#path, `${id}${CERTIFICATE}`);
  }

  /** @returns the stored certificate; `undefined` if there is none that can be used */
  async certificate(id: string): Promise<KeyedCertificate | undefined> {
    const text = await textOf(this.fileOf(id));
    const found = text === undefined ? undefined : keyedCertificate(text, text, undefined);
    return typeof found === 'string' ? undefined : found;
  }

  /** @returns the stored certificate for most of `domains`, whatever order it is from; `undefined` without any */
  async nearest(domains: readonly string[], nowMs: number): Promise<KeyedCertificate | undefined> {
    const files = await readdir(this.#path).catch(() => []);
    const ids = files.filter((file) => file.endsWith(CERTIFICATE) && !file.startsWith(ACCOUNT));
    const all = await Promise.all(ids.map((file) => this.certificate(file.slice(0, -CERTIFICATE.length))));
    const usable = all.flatMap((each) => (each === undefined || each.facts.notAfterMs <= nowMs ? [] : [each]));
    const shared = ({ facts }: KeyedCertificate): number => domains.filter((name) => facts.names.includes(name)).length;
    const [first] = usable.toSorted((a, b) => shared(b) - shared(a) || b.facts.notAfterMs - a.facts.notAfterMs);
    return first !== undefined && shared(first) > 0 ? first : undefined;
  }

  /** Stores a certificate with its key, and then what is noted about it. */
  async store(id: string, { cert, key }: { readonly cert: string; readonly key: string }, note: CertificateNote) {
    await replaceFile(this.fileOf(id), `${key.trim()}\n${cert.trim()}\n`);
    await replaceFile(join(this.#path, `${id}.json`), `${JSON.stringify(note, undefined, 2)}\n`);
  }

  /**
   * @param make makes a key, in PEM
   * @returns the key of the account with the CA of that directory; where two processes make one, both get the first
   */
  async accountKey(directory: string, make: () => Promise<string>): Promise<string> {
    const digest = createHash('sha256').update(directory).digest('hex').slice(0, DIGEST_LENGTH);
    const path = join(this.#path, `${ACCOUNT}${digest}.key`);
    const before = await textOf(path);
    if (before !== undefined) return before;
    const beside = `${path}.${randomBytes(8).toString('hex')}.new`;
    await replaceFile(beside, await make());
    await link(beside, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    await rm(beside, { force: true });
    return readConfigFile(path);
  }

  /** @returns what gives the order of a certificate free again; `undefined` while another process is at it */
  async lock(id: string): Promise<(() => Promise<void>) | undefined> {
    const path = join(this.#path, `${id}.lock`);
    if (!(await take(path)) && !((await isStale(path)) && (await retake(path)))) return undefined;
    const renewing = setInterval(() => {
      const now = new Date();
      void utimes(path, now, now).catch(() => {});
    }, RENEW_MS).unref();
    return async () => {
      clearInterval(renewing);
      await rm(path, { force: true });
    };
  }
}

async function take(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx', FOR_THE_OWNER);
    await file.writeFile(`${process.pid}\n`).finally(() => file.close());
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

async function isStale(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found === undefined || Date.now() - found.mtimeMs > STALE_MS;
}

async function retake(path: string): Promise<boolean> {
  await rm(path, { force: true });
  return take(path);
}

/** @returns the text of a file; `undefined` if it cannot be read */
async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readConfigFile(path);
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}
