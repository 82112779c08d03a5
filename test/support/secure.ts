/** test/support/secure.ts: a worker that speaks TLS inside the test process, and clients for it. */
import type { Socket } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { selfSigned } from '../../src/control/tls/self-signed.js';
import type { TlsCertificate, TlsMaterial } from '../../src/core/secrets.js';
import { keyedCertificate } from '../../src/tls/certificate.js';
import { HANDSHAKE_OUTCOMES, type HandshakeOutcome } from '../../src/tls/outcomes.js';
import { onStop } from './cleanup.js';
import { type ProxyOptions, startProxy, type TestProxy } from './proxy.js';

export const TICKET_KEY = Buffer.alloc(48, 7).toString('base64');
/** What the schema wants; the workers of these tests get their certificates by messages. */
export const ANY_FILES = { certificates: [{ cert: 'cert.pem', key: 'key.pem' }] };

export async function certificateFor(...names: readonly string[]): Promise<TlsCertificate> {
  const { cert, key } = await selfSigned(names, 30);
  const made = keyedCertificate(cert, key, undefined);
  if (typeof made === 'string') throw new TypeError(made);
  return made.served;
}

export function materialOf(
  proxy: TestProxy,
  part: Partial<TlsMaterial> & Pick<TlsMaterial, 'certificates'>,
): TlsMaterial {
  const { name: listener } = proxy.listener;
  return { listener, minVersion: 'TLSv1.2', protocols: ['http/1.1'], ticketKey: TICKET_KEY, ...part };
}

/** Starts a worker whose listener speaks TLS. */
export async function startSecureProxy(
  options: ProxyOptions,
  part: Partial<TlsMaterial> & Pick<TlsMaterial, 'certificates'>,
): Promise<TestProxy> {
  const proxy = await startProxy({ ...options, listener: { tls: ANY_FILES, ...options.listener } });
  proxy.worker.receive({ type: 'certificates', tls: [materialOf(proxy, part)] }, undefined);
  return proxy;
}

/** @returns a client's connection; its handshake may not be done */
export function dialTls(proxy: TestProxy, options: ConnectionOptions = {}): TLSSocket {
  const socket = connect({ port: proxy.port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  // What broke it is in the socket.
  socket.on('error', () => {});
  onStop(() => void socket.destroy());
  return socket;
}

/** @returns a client's connection after its handshake. @throws {Error} when that fails */
export function secured(proxy: TestProxy, options: ConnectionOptions = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = dialTls(proxy, options);
    socket.once('secureConnect', () => resolve(socket));
    socket.once('close', () => reject(socket.errored ?? new Error('closed before the handshake was done')));
  });
}

/** Makes a connection and a request on it. @returns the session, to be resumed */
export async function sessionOf(proxy: TestProxy, options: ConnectionOptions = {}): Promise<Buffer> {
  const socket = dialTls(proxy, options);
  const session = new Promise<Buffer>((resolve) => socket.once('session', resolve));
  await askOver(socket);
  return session;
}

/** @returns resolved once the connection is closed, for whatever reason */
export function closing(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.resume();
    socket.once('close', () => resolve());
  });
}

/** Sends a request that closes its connection. @returns all that came back */
export async function askOver(socket: TLSSocket, fields = '', path = '/'): Promise<string> {
  socket.write(`GET ${path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n${fields}\r\n`);
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text;
}

/** @returns how often a handshake of the worker ended in this way, as far as it was reported */
export function counted(proxy: TestProxy, outcome: HandshakeOutcome): number {
  proxy.worker.tick();
  const at = HANDSHAKE_OUTCOMES.indexOf(outcome);
  return proxy.said('counters').reduce((sum, { handshakes }) => sum + (handshakes[at] ?? 0), 0);
}
