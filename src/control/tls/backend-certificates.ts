/**
 * control/tls/backend-certificates.ts: what is needed for TLS to backends. The primary reads the files of the pools, at
 * the start, at each reload and whenever they change, and sends what is in them to the workers and to the thread that
 * probes; a file that cannot be used leaves what it held before in use.
 */
import { createSecureContext } from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
import { ConfigError } from '../../config/config-error.js';
import type { Environment } from '../../config/from-args.js';
import type { PoolTlsConfig } from '../../config/pool-tls.js';
import type { Config } from '../../config/schema.js';
import { tcpPoolNames } from '../../config/tcp-pools.js';
import type { BackendTlsMaterial, PoolTlsMaterial } from '../../core/secrets.js';
import { certificateAndKey } from '../../tls/certificate.js';
import { clientProfile } from '../../tls/profile.js';
import type { Journal } from '../journal.js';
import type { Logger } from '../logger.js';
import { certificatesIn, readAll, readPair } from './pem-files.js';
import { bundleIn, readSystemCa } from './system-ca.js';

/** What was read for one pool. */
interface Loaded {
  readonly tls: PoolTlsConfig;
  readonly material: PoolTlsMaterial;
  /** Why its files, as they are now, are not used; `undefined` while they are. */
  readonly problem: string | undefined;
}

/** Everything that was read for a configuration; taken into use as a whole. */
export interface BackendCertificateSet {
  readonly pools: ReadonlyMap<string, Loaded>;
  /** Files with the CAs of the system; none where no pool needs them. */
  readonly systemFiles: readonly string[];
  readonly systemCa: readonly string[] | undefined;
}

type TlsPools = Pick<Config, 'pools' | 'listeners'>;

export class BackendCertificates {
  readonly #journal: Pick<Journal, 'note'>;
  readonly #logger: Pick<Logger, 'warn'>;
  readonly #environment: Environment;
  #current: BackendCertificateSet = { pools: new Map(), systemFiles: [], systemCa: undefined };
  #material: BackendTlsMaterial | undefined;

  /** @param environment has `SSL_CERT_FILE` and `NODE_EXTRA_CA_CERTS`, which name further CAs */
  constructor(journal: Pick<Journal, 'note'>, logger: Pick<Logger, 'warn'>, environment: Environment = process.env) {
    this.#journal = journal;
    this.#logger = logger;
    this.#environment = environment;
  }

  /**
   * Reads everything that pools name.
   * @throws {ConfigError} when a file cannot be used and there is nothing from before in its place
   */
  async read(config: TlsPools): Promise<BackendCertificateSet> {
    const tcp = tcpPoolNames(config);
    const secure = Object.entries(config.pools).flatMap(([name, { tls }]) =>
      tls === undefined ? [] : [{ name, tls }],
    );
    const pools = await Promise.all(
      secure.map(async ({ name, tls }) => [name, await this.#load(name, tls, tcp.has(name))] as const),
    );
    const needsSystem = secure.some(({ tls: { ca, verify } }) => verify && ca === undefined);
    return { pools: new Map(pools), ...(needsSystem ? await this.#readSystem() : NO_SYSTEM) };
  }

  /** Takes what was read into use, and notes what has changed. @returns what workers and probes need */
  use(next: BackendCertificateSet): BackendTlsMaterial | undefined {
    const before = this.#current;
    this.#current = next;
    for (const [name, loaded] of next.pools) this.#note(name, loaded, before.pools.get(name));
    const material = materialOf(next);
    // The same object as long as nothing has changed: whoever has it can tell.
    if (!isDeepStrictEqual(material, this.#material)) this.#material = material;
    return this.#material;
  }

  /** Files whose content is in use. */
  get files(): readonly string[] {
    const { pools, systemFiles } = this.#current;
    return [...systemFiles, ...[...pools.values()].flatMap(({ tls }) => filesOf(tls))];
  }

  #note(pool: string, { tls, material, problem }: Loaded, before: Loaded | undefined): void {
    if (!tls.verify && before?.tls.verify !== false) {
      this.#logger.warn(
        'certificates of backends are not verified: anybody on the way can read and change everything',
        {
          pool,
          key: `pools.${pool}.tls.verify`,
        },
      );
    }
    if (problem !== undefined && problem !== before?.problem) {
      this.#journal.note('certificate-rejected', { file: `pools.${pool}.tls`, reason: problem });
    }
    if (before !== undefined && !isDeepStrictEqual(before.material, material)) {
      this.#journal.note('backend-tls-changed', { pool });
    }
  }

  async #load(name: string, tls: PoolTlsConfig, isTcp: boolean): Promise<Loaded> {
    const settings = {
      verify: tls.verify,
      minVersion: tls.minVersion,
      protocols: isTcp ? tls.alpn : ['http/1.1'],
      ...(tls.servername === undefined ? {} : { servername: tls.servername }),
    };
    try {
      const material = { ...settings, ...(await readFiles(tls)) };
      return { tls, material, problem: undefined };
    } catch (error) {
      const problem = `tls of pool "${name}": ${error instanceof Error ? error.message : String(error)}`;
      const before = this.#current.pools.get(name);
      // What other files held stands in for nothing.
      if (before === undefined || !isDeepStrictEqual(filesOf(before.tls), filesOf(tls))) {
        throw new ConfigError([problem]);
      }
      const { ca, shown } = before.material;
      const kept = { ...(ca === undefined ? {} : { ca }), ...(shown === undefined ? {} : { shown }) };
      return { tls, material: { ...settings, ...kept }, problem };
    }
  }

  async #readSystem(): Promise<Pick<BackendCertificateSet, 'systemFiles' | 'systemCa'>> {
    const { SSL_CERT_FILE: given, NODE_EXTRA_CA_CERTS: extra = '' } = this.#environment;
    const system = await readSystemCa(given);
    // Node adds the others by itself to those that it brings along.
    if (system === undefined) return NO_SYSTEM;
    const others = extra === '' ? [] : await bundleIn(extra);
    const systemCa = [...new Set([...system.certificates, ...others])];
    return { systemFiles: extra === '' ? [system.file] : [system.file, extra], systemCa };
  }
}

const NO_SYSTEM = { systemFiles: [], systemCa: undefined } as const;

/** @throws {ConfigError | Error} when a file cannot be used */
async function readFiles(tls: PoolTlsConfig): Promise<Pick<PoolTlsMaterial, 'ca' | 'shown'>> {
  const { ca, cert, key, passphraseFile } = tls;
  const certificates = ca === undefined ? undefined : (await readAll(ca)).flatMap(certificatesIn);
  const shown = cert === undefined || key === undefined ? undefined : await readShown({ cert, key, passphraseFile });
  const found = {
    ...(certificates === undefined ? {} : { ca: certificates }),
    ...(shown === undefined ? {} : { shown }),
  };
  // OpenSSL may refuse what looks right.
  createSecureContext({ ...clientProfile(tls.minVersion), ca: [...(certificates ?? [])], ...shown });
  return found;
}

async function readShown(files: Parameters<typeof readPair>[0]): Promise<PoolTlsMaterial['shown']> {
  const { cert, key, passphrase } = await readPair(files);
  const found = certificateAndKey(cert, key, passphrase);
  if (typeof found === 'string') throw new ConfigError([`${files.cert}: it ${found}`]);
  return { cert: found.served.cert, key: found.served.key };
}

function materialOf({ pools, systemCa }: BackendCertificateSet): BackendTlsMaterial | undefined {
  if (pools.size === 0) return undefined;
  const byName = Object.fromEntries([...pools].map(([name, { material }]) => [name, material]));
  return { pools: byName, ...(systemCa === undefined ? {} : { systemCa }) };
}

function filesOf({ ca, cert, key, passphraseFile }: PoolTlsConfig): readonly string[] {
  return [ca ?? [], cert ?? [], key ?? [], passphraseFile ?? []].flat();
}
