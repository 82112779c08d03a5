/** What the tests with a CA share: a balancer that gets its certificate from it, and looks at what it serves. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type PeerCertificate } from 'node:tls';
import type { ConfigInput } from '../../src/config/schema.js';
import { type Balancer, createBalancer, type LogEntry } from '../../src/index.js';
import { startBackend } from '../support/backend.js';
import { onStop } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import type { Pebble } from '../support/pebble.js';

type Listeners = NonNullable<ConfigInput['listeners']>;
type Acme = NonNullable<NonNullable<Listeners[number]['tls']>['acme']>;

export async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'roundhouse-acme-'));
  onStop(() => rm(made, { recursive: true, force: true }));
  return made;
}

export interface CertifiedOptions {
  readonly pebble: Pebble;
  readonly acme: Partial<Acme> & Pick<Acme, 'domains' | 'storage'>;
  readonly workers?: number;
  /** Settings of the listener for HTTP without TLS; `none`: there is no such listener. */
  readonly plain?: Omit<Listeners[number], 'address'> | 'none';
  readonly top?: Partial<ConfigInput>;
  /** The ports, where pebble does not look at them. */
  readonly ports?: { readonly http: number; readonly tls: number };
}

export function certifiedConfig({ pebble, acme, workers = 0, plain = {}, top, ports }: CertifiedOptions): ConfigInput {
  const { directory, ca } = pebble;
  const { http, tls } = ports ?? { http: pebble.httpPort, tls: pebble.tlsPort };
  const secure = { address: `127.0.0.1:${tls}`, tls: { acme: { email: 'ops@example.com', directory, ca, ...acme } } };
  const open = plain === 'none' ? [] : [{ ...plain, address: `127.0.0.1:${http}` }];
  return { workers, admin: 'off', listeners: [...open, secure], pools: { web: { backends: [] } }, ...top };
}

/** Starts a balancer in front of a backend that says `served`. @returns it, and what it has logged */
export async function startCertified(
  options: CertifiedOptions,
): Promise<{ readonly balancer: Balancer; readonly log: LogEntry[] }> {
  const backend = await startBackend((_request, response) => void response.end('served'));
  const pools = { web: { backends: [{ address: backend.address }] } };
  const log: LogEntry[] = [];
  const config = { ...certifiedConfig(options), pools };
  const balancer = createBalancer(config, { log: (entry) => void log.push(entry) });
  onStop(() => balancer.close(0));
  await balancer.start();
  return { balancer, log };
}

/** @returns the certificate that a client gets which asks for `servername` */
export async function served(port: number, servername: string): Promise<PeerCertificate> {
  const socket = connect({ port, host: '127.0.0.1', servername, rejectUnauthorized: false });
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  const certificate = socket.getPeerCertificate();
  socket.destroy();
  return certificate;
}

/** Waits until all names are served with a certificate of pebble. */
export async function certified(port: number, names: readonly string[]): Promise<void> {
  for (const name of names) {
    let last: PeerCertificate | undefined;
    await eventually(
      () =>
        `the CA's certificate for ${name} is served: ${JSON.stringify(last?.subject)} ${JSON.stringify(last?.issuer)}`,
      async () => {
        last = await served(port, name);
        return isOfPebble(last);
      },
    );
  }
}

export function isOfPebble({ issuer }: PeerCertificate): boolean {
  return String(issuer?.CN).startsWith('Pebble');
}
