/** control/admin/server.ts: the admin interface on its own socket, in the primary. Loaded only when it is switched on. */
import http from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { formatAddress, parseAddress } from '../../core/address.js';
import { listenError, StartError } from '../errors.js';
import type { Logger } from '../logger.js';
import { type AdminSource, adminApp } from './app.js';

export interface AdminServer {
  /** Where it really listens. */
  readonly address: string;
  /** Cuts what is open: nothing here is worth waiting for. Idempotent. */
  close(): void;
}

/** @throws {StartError} when `address` cannot be listened on */
export async function startAdmin(address: string, source: AdminSource, logger: Logger): Promise<AdminServer> {
  const wanted = parseAddress(address, 0);
  if (typeof wanted === 'string') throw new StartError(`Cannot listen on ${address}: it ${wanted}`);
  const app = adminApp(source, logger);
  const server = http.createServer(getRequestListener(app.fetch));
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(address, error.code ?? error.message)));
    // Exclusive, or node:cluster would hand the socket out should this ever run inside a worker.
    server.listen({ ...wanted, exclusive: true }, resolve);
  });
  server.on('error', (error) => logger.error('admin interface failed', { reason: error.message }));
  return {
    address: realAddress(server, address),
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function realAddress(server: http.Server, asked: string): string {
  const bound = server.address();
  if (bound === null || typeof bound === 'string') return asked;
  return formatAddress({ host: bound.address, port: bound.port });
}
