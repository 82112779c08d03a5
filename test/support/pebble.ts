/** test/support/pebble.ts: the CA `pebble`, which comes to see whether a name is ours, and asks a name server of ours. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { selfSigned } from '../../src/control/tls/self-signed.js';
import { onStop } from './cleanup.js';
import { DnsServer } from './dns-server.js';
import { eventually } from './eventually.js';
import { freePort } from './free-port.js';

/** Whether tests of `pebble` are skipped: never in CI. */
export const isPebbleMissing =
  process.env['CI'] !== 'true' && spawnSync('pebble', ['-h'], { stdio: 'ignore' }).error !== undefined;

export interface PebbleOptions {
  /** Names that lead to this host. */
  readonly names: readonly string[];
  /** Share of the nonces that are refused, in percent. */
  readonly refusedNonces?: number;
  /** HMAC keys of accounts, by their identifiers; with any of them, accounts must be bound to one. */
  readonly externalAccounts?: Readonly<Record<string, string>>;
}

export class Pebble {
  readonly directory: string;
  /** File with the certificate that its own address is verified by. */
  readonly ca: string;
  /** Ports at which it looks for challenges. */
  readonly httpPort: number;
  readonly tlsPort: number;
  /** A folder that is removed with it. */
  readonly folder: string;
  readonly dns: DnsServer;
  readonly #port: number;
  readonly #env: Readonly<Record<string, string>>;
  #child: ChildProcess | undefined;

  private constructor(
    folder: string,
    dns: DnsServer,
    ports: { readonly port: number; readonly httpPort: number; readonly tlsPort: number },
    env: Readonly<Record<string, string>>,
  ) {
    this.folder = folder;
    this.dns = dns;
    this.#port = ports.port;
    this.httpPort = ports.httpPort;
    this.tlsPort = ports.tlsPort;
    this.#env = env;
    this.directory = `https://localhost:${ports.port}/dir`;
    this.ca = join(folder, 'ca.pem');
  }

  /** Prepares everything; {@link start} has it answer. */
  static async prepare({ names, refusedNonces = 0, externalAccounts = {} }: PebbleOptions): Promise<Pebble> {
    const folder = await mkdtemp(join(tmpdir(), 'roundhouse-pebble-'));
    onStop(() => rm(folder, { recursive: true, force: true }));
    const dns = await DnsServer.start();
    onStop(() => dns.close());
    for (const name of names) dns.set(name, 'A', ['127.0.0.1']);
    const ports = { port: await freePort(), httpPort: await freePort(), tlsPort: await freePort() };
    const { cert, key } = await selfSigned(['localhost'], 10);
    await writeFile(join(folder, 'ca.pem'), cert);
    await writeFile(join(folder, 'ca.key'), key, { mode: 0o600 });
    const { port, httpPort, tlsPort } = ports;
    const pebble = {
      listenAddress: `127.0.0.1:${port}`,
      managementListenAddress: '',
      certificate: join(folder, 'ca.pem'),
      privateKey: join(folder, 'ca.key'),
      httpPort,
      tlsPort,
      ocspResponderURL: '',
      externalAccountBindingRequired: Object.keys(externalAccounts).length > 0,
      externalAccountMACKeys: externalAccounts,
    };
    await writeFile(join(folder, 'pebble.json'), JSON.stringify({ pebble }));
    const env = {
      PEBBLE_VA_NOSLEEP: '1',
      PEBBLE_WFE_NONCEREJECT: String(refusedNonces),
      PEBBLE_AUTHZREUSE: '0',
    };
    return new Pebble(folder, dns, ports, env);
  }

  static async start(options: PebbleOptions): Promise<Pebble> {
    const pebble = await Pebble.prepare(options);
    await pebble.start();
    return pebble;
  }

  /** Begins to answer; accounts and orders from before a {@link stop} are forgotten. */
  async start(): Promise<void> {
    const args = ['-config', join(this.folder, 'pebble.json'), '-dnsserver', this.dns.address];
    const child = spawn('pebble', args, { env: { PATH: process.env['PATH'], ...this.#env }, stdio: 'ignore' });
    this.#child = child;
    onStop(() => this.stop());
    await once(child, 'spawn');
    await eventually('pebble answers', () => answers(this.#port));
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
