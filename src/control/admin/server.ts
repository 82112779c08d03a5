/** control/admin/server.ts: the admin interface on its own socket, in the primary. Loaded only when it is switched on. */
import http from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { formatAddress, parseAddress } from '../../core/address.js';
import { listenError, StartError } from '../errors.js';
import type { Logger } from '../logger.js';
import { isLoopback } from './access.js';
import { type AdminSource, adminApp } from './app.js';
import { type AdminToken, TOKEN_VARIABLE } from './token.js';

export interface AdminServer {
  /** Where it really listens. */
  readonly address: string;
  /** Cuts what is open: nothing here is worth waiting for. Idempotent. */
  close(): void;
}

/** For a whole request, in milliseconds: all of them are short. */
const REQUEST_WITHIN_MS = 10_000;
/** How often Node looks for requests that took too long; its own 30 s would let slow ones pile up. */
const CHECK_EVERY_MS = 2_000;
/** Operators and scrapers are few; a crowd must not take the files that a dead worker's replacement needs. */
const MOST_CONNECTIONS = 64;

/**
 * @param token needed beyond loopback, where anybody could change the pools otherwise
 * @throws {StartError} when `address` cannot be listened on, or not without a token
 */
export async function startAdmin(
  address: string,
  source: AdminSource,
  logger: Logger,
  token?: AdminToken,
): Promise<AdminServer> {
  const wanted = parseAddress(address, 0);
  if (typeof wanted === 'string') throw new StartError(`Cannot listen on ${address}: it ${wanted}`);
  if (token === undefined && !isLoopback(wanted.host)) throw openToTheNetwork(address);
  const app = adminApp(source, logger, token);
  const limits = { requestTimeout: REQUEST_WITHIN_MS, connectionsCheckingInterval: CHECK_EVERY_MS };
  const server = http.createServer(limits, getRequestListener(app.fetch));
  server.maxConnections = MOST_CONNECTIONS;
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

function openToTheNetwork(address: string): StartError {
  return new StartError(
    `The admin interface at ${address} could be used by anybody on the network to change the pools: ` +
      `give it a token in ${TOKEN_VARIABLE}, or a loopback address`,
  );
}

function realAddress(server: http.Server, asked: string): string {
  const bound = server.address();
  if (bound === null || typeof bound === 'string') return asked;
  return formatAddress({ host: bound.address, port: bound.port });
}
