/** control/admin/server.ts: the admin interface on its own socket, in the primary. Loaded only when it is switched on. */
import http from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { type Address, formatAddress, parseAddress, socketFileOf } from '../../core/address.js';
import { listenError, StartError } from '../errors.js';
import type { Logger } from '../logger.js';
import { monotonicMs } from '../monotonic.js';
import { isLoopback } from './access.js';
import { adminApp } from './app.js';
import { Feed } from './feed.js';
import { listenOnFile } from './socket-file.js';
import type { AdminSource } from './source.js';
import { type AdminToken, TOKEN_VARIABLE } from './token.js';

export interface AdminServer {
  /** Where it really listens. */
  readonly address: string;
  /**
   * What requests have to show from now on.
   * @throws {StartError} when there is none and there has to be
   */
  setToken(token: AdminToken | undefined): void;
  /** Cuts what is open: nothing here is worth waiting for. Idempotent. */
  close(): void;
}

/** For a whole request, in milliseconds: all of them are short. */
const REQUEST_WITHIN_MS = 10_000;
/** How often Node looks for requests that took too long; its own 30 s would let slow ones pile up. */
const CHECK_EVERY_MS = 2_000;
/** Operators and scrapers are few; a crowd must not take the files that a dead worker's replacement needs. */
const MOST_CONNECTIONS = 64;
const DROPS_TOLD_EVERY_MS = 60_000;

/**
 * @param token needed beyond this host, where anybody could change the pools otherwise
 * @throws {StartError} when `address` cannot be listened on, or not without a token
 */
export async function startAdmin(
  address: string,
  source: AdminSource,
  logger: Logger,
  token?: AdminToken,
): Promise<AdminServer> {
  const place = placeOf(address);
  let asked = tokenFor(address, place, token);
  const feed = new Feed({ source, logger, nowMs: monotonicMs });
  const app = adminApp(source, feed, logger, () => asked);
  const limits = { requestTimeout: REQUEST_WITHIN_MS, connectionsCheckingInterval: CHECK_EVERY_MS };
  const server = http.createServer(limits, getRequestListener(app.fetch));
  server.maxConnections = MOST_CONNECTIONS;
  await (typeof place === 'string' ? listenOnFile(server, place) : listenOn(server, place));
  server.on('drop', dropLog(logger));
  server.on('error', (error) => logger.error('admin interface failed', { reason: error.message }));
  return {
    address: realAddress(server, address),
    setToken: (next) => {
      asked = tokenFor(address, place, next);
      feed.endAll();
    },
    close: () => {
      feed.endAll();
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Told of each connection that was one too many, tells the log once in a while. */
function dropLog(logger: Logger): () => void {
  let lastMs = Number.NEGATIVE_INFINITY;
  return () => {
    const nowMs = monotonicMs();
    if (nowMs - lastMs < DROPS_TOLD_EVERY_MS) return;
    lastMs = nowMs;
    logger.warn('too many connections to the admin interface; more are closed at once', { most: MOST_CONNECTIONS });
  };
}

/** @returns host and port, or the path of a socket file */
function placeOf(address: string): Address | string {
  const path = socketFileOf(address);
  if (path !== undefined) return path;
  const wanted = parseAddress(address, 0);
  if (typeof wanted === 'string') throw new StartError(`Cannot listen on ${address}: it ${wanted}`);
  return wanted;
}

/** @throws {StartError} when there has to be one */
function tokenFor(address: string, place: Address | string, token: AdminToken | undefined): AdminToken | undefined {
  if (token !== undefined || typeof place === 'string' || isLoopback(place.host)) return token;
  throw new StartError(
    `The admin interface at ${address} could be used by anybody on the network to change the pools: ` +
      `give it a token in ${TOKEN_VARIABLE} or by --admin-token-file, or a loopback address`,
  );
}

async function listenOn(server: http.Server, { host, port }: Address): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const address = formatAddress({ host, port });
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(address, error.code ?? error.message)));
    // Exclusive, or node:cluster would hand the socket out should this ever run inside a worker.
    server.listen({ host, port, exclusive: true }, resolve);
  });
}

function realAddress(server: http.Server, asked: string): string {
  const bound = server.address();
  if (bound === null || typeof bound === 'string') return asked;
  return formatAddress({ host: bound.address, port: bound.port });
}
