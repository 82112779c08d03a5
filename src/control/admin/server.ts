/**
 * control/admin/server.ts: the admin interface's listening socket, in the primary. Loaded only where `admin` is not
 * off.
 */
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
  /** The address it listens on, with the port that the system chose for port 0. */
  readonly address: string;
  /**
   * Sets the token that requests have to carry from now on.
   * @throws {StartError} when the address needs a token and `token` is `undefined`
   */
  setToken(token: AdminToken | undefined): void;
  /** Closes the socket and every connection at once. Idempotent. */
  close(): void;
}

/** Limit for receiving a whole request, in milliseconds. */
const REQUEST_TIMEOUT_MS = 10_000;
/** How often Node checks that limit, in milliseconds; its default of 30 s would let slow requests pile up. */
const TIMEOUT_CHECK_INTERVAL_MS = 2_000;
/** Connections at most: more could use up the open files that a replacement of a dead worker needs. */
const MAX_CONNECTIONS = 64;
const DROP_LOG_INTERVAL_MS = 60_000;

/**
 * @param token may be left out for loopback addresses and socket files, which only this host can reach
 * @throws {StartError} when `address` cannot be listened on, or needs a token
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
  const limits = { requestTimeout: REQUEST_TIMEOUT_MS, connectionsCheckingInterval: TIMEOUT_CHECK_INTERVAL_MS };
  const server = http.createServer(limits, getRequestListener(app.fetch));
  server.maxConnections = MAX_CONNECTIONS;
  const unlisten = await (typeof place === 'string' ? listenOnFile(server, place) : listenOn(server, place));
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
      unlisten();
      server.close();
      server.closeAllConnections();
    },
  };
}

/** @returns a listener for refused connections, which logs at most one line a minute */
function dropLog(logger: Logger): () => void {
  let lastMs = Number.NEGATIVE_INFINITY;
  return () => {
    const nowMs = monotonicMs();
    if (nowMs - lastMs < DROP_LOG_INTERVAL_MS) return;
    lastMs = nowMs;
    logger.warn('too many connections to the admin interface; more are closed at once', { most: MAX_CONNECTIONS });
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

/** @returns `token`. @throws {StartError} when there is none and the address can be reached from other hosts */
function tokenFor(address: string, place: Address | string, token: AdminToken | undefined): AdminToken | undefined {
  if (token !== undefined || typeof place === 'string' || isLoopback(place.host)) return token;
  throw new StartError(
    `The admin interface at ${address} could be used by anybody on the network to change the pools: ` +
      `give it a token in ${TOKEN_VARIABLE} or by --admin-token-file, or a loopback address`,
  );
}

/** @returns a function that leaves nothing to do when the server closes */
async function listenOn(server: http.Server, { host, port }: Address): Promise<() => void> {
  await new Promise<void>((resolve, reject) => {
    const address = formatAddress({ host, port });
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(address, error.code ?? error.message)));
    // `exclusive`: inside a worker of node:cluster, the socket would otherwise be shared with all workers.
    server.listen({ host, port, exclusive: true }, resolve);
  });
  return () => {};
}

function realAddress(server: http.Server, asked: string): string {
  const bound = server.address();
  if (bound === null || typeof bound === 'string') return asked;
  return formatAddress({ host: bound.address, port: bound.port });
}
