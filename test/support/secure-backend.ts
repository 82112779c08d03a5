/** test/support/secure-backend.ts: backends that speak TLS, and what a worker needs for them. */

import type { RequestListener } from 'node:http';
import { createServer as createHttpsServer, type ServerOptions } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { createServer, type TLSSocket, type TlsOptions } from 'node:tls';
import type { PoolTlsMaterial } from '../../src/core/secrets.js';
import { onStop } from './cleanup.js';
import { type ProxyOptions, startProxy, type TestProxy } from './proxy.js';

/** A backend that speaks TLS. */
export interface SecureBackend {
  /** `127.0.0.1:port` */
  readonly address: string;
  readonly port: number;
  /** Connections whose handshake was done, in order. */
  readonly sockets: readonly TLSSocket[];
  /** For each, whether it resumed a session. */
  readonly resumed: readonly boolean[];
  /** For each, the name that was asked for; `false` for none. */
  readonly names: readonly (string | false)[];
  readonly server: Server;
}

/** Starts a node:https server. */
export function startSecureBackend(handler: RequestListener, options: ServerOptions): Promise<SecureBackend> {
  return follow(createHttpsServer(options, handler));
}

/** Starts a TLS server of raw bytes. */
export function startRawSecureBackend(
  script: (socket: TLSSocket) => void,
  options: TlsOptions,
): Promise<SecureBackend> {
  return follow(createServer({ allowHalfOpen: true, ...options }, script));
}

async function follow(server: Server): Promise<SecureBackend> {
  const sockets: TLSSocket[] = [];
  const resumed: boolean[] = [];
  const names: (string | false)[] = [];
  server.on('secureConnection', (socket: TLSSocket) => {
    // What broke it is in the socket.
    socket.on('error', () => {});
    sockets.push(socket);
    resumed.push(socket.isSessionReused());
    names.push(socket.servername ?? false);
  });
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onStop(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const { port } = server.address() as AddressInfo;
  return { address: `127.0.0.1:${port}`, port, sockets, resumed, names, server };
}

/** What a worker needs for a pool: certificates of this CA are trusted, unless something else is said. */
export function trusting(ca: string, part: Partial<PoolTlsMaterial> = {}): PoolTlsMaterial {
  return { verify: true, ca: [ca], minVersion: 'TLSv1.2', protocols: ['http/1.1'], ...part };
}

/** Starts a worker whose pool `default` speaks TLS to its backends. */
export async function startProxyToTls(options: ProxyOptions, material: PoolTlsMaterial): Promise<TestProxy> {
  const proxy = await startProxy({ tls: true, ...options });
  trust(proxy, material);
  return proxy;
}

/** Has the worker speak to its backends by other rules. */
export function trust(proxy: TestProxy, material: PoolTlsMaterial): void {
  proxy.worker.receive({ type: 'backend-tls', material: { pools: { default: material } } }, undefined);
}
