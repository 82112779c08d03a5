/** What the tests of the primary share: a log that can be read, backends on real sockets, small configurations. */
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { Writable } from 'node:stream';
import { type Config, type ConfigInput, configSchema } from '../../src/config/schema.js';
import { Journal } from '../../src/control/journal.js';
import { createLogger, type Logger } from '../../src/control/logger.js';
import { Pool } from '../../src/control/pool.js';
import type { Backend, BackendId } from '../../src/core/backend.js';
import { backendIdSchema } from '../../src/core/schemas.js';
import type { PoolChange } from '../../src/core/snapshot.js';

export type LogEntry = Readonly<Record<string, unknown>> & { readonly level: string; readonly message: string };

/** A log to read: `next` waits for an entry, those already there included. */
export class LogBook {
  readonly entries: LogEntry[] = [];
  readonly logger: Logger;
  /** Writes into this log. */
  readonly journal: Journal;
  readonly #waiting = new Set<() => void>();

  constructor() {
    const stream = new Writable({
      write: (chunk, _encoding, done) => {
        this.entries.push(JSON.parse(String(chunk)));
        for (const look of this.#waiting) look();
        done();
      },
    });
    this.logger = createLogger('debug', stream);
    this.journal = new Journal(this.logger);
  }

  all(message: string): readonly LogEntry[] {
    return this.entries.filter((entry) => entry.message === message);
  }

  /** @param nth 1 for the first entry with this message */
  next(message: string, nth = 1): Promise<LogEntry> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = this.all(message)[nth - 1];
        if (found === undefined) return;
        this.#waiting.delete(look);
        resolve(found);
      };
      this.#waiting.add(look);
      look();
    });
  }
}

export const idOf = (text: string): BackendId => backendIdSchema.parse(text);

export function backendOf(id: string, fields: Partial<Backend> = {}): Backend {
  const port = Number(id.slice(id.lastIndexOf(':') + 1));
  const host = id.slice(0, id.lastIndexOf(':'));
  const settings = { weight: 1, tier: 0, maxConnections: 0 } as const;
  const states = { admin: 'enabled', health: 'unknown', outlier: 'in', usableSince: 0 } as const;
  return { id: idOf(id), host, port, ...settings, ...states, ...fields };
}

/** A pool named "default" and the changes it has published. */
export function poolOf(...backends: readonly Backend[]): { pool: Pool; changes: PoolChange[] } {
  const changes: PoolChange[] = [];
  const members = backends.map((backend) => ({ backend, reason: 'not probed yet' }));
  const pool = new Pool('default', members, 0.5, Date.now, (change) => changes.push(change));
  return { pool, changes };
}

const closers: (() => unknown)[] = [];

/** Closes what this file opened; for `afterEach`. */
export async function closeEverything(): Promise<void> {
  for (const close of closers.splice(0).reverse()) await close();
}

export function onClose(close: () => unknown): void {
  closers.push(close);
}

/** @returns `127.0.0.1:port` of a server that does with each connection what `serve` says */
export async function startTcp(serve: (socket: net.Socket) => void = () => {}, port = 0): Promise<string> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
    serve(socket);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  onClose(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return addressOf(server);
}

export async function startHttp(handler: http.RequestListener): Promise<string> {
  const server = http.createServer(handler);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onClose(() => {
    server.closeAllConnections();
    server.close();
  });
  return addressOf(server);
}

/** @returns an address that refuses: its port was free a moment ago */
export async function refusingAddress(): Promise<string> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = addressOf(server);
  server.close();
  await once(server, 'close');
  return address;
}

export function addressOf(server: net.Server): string {
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new TypeError('not a TCP server');
  return `127.0.0.1:${bound.port}`;
}

type PoolInput = NonNullable<ConfigInput['pools'][string]>;

export function configOf(
  backends: readonly string[],
  input: Partial<ConfigInput> = {},
  pool: Partial<PoolInput> = {},
): Config {
  return configSchema.parse({
    listeners: [{ address: '127.0.0.1:0' }],
    admin: 'off',
    workers: 1,
    // The fixture worker says nothing by itself; on a busy machine a test takes longer than that is excused.
    heartbeat: 'off',
    ...input,
    pools: { default: { backends: backends.map((address) => ({ address })), ...pool } },
  });
}
