/**
 * control/admin/server.ts: starts what is served on the admin address, and on the one for metrics, in the primary.
 * Loaded only where one of them is not off.
 */
import type { AdminLimits } from '../../config/admin.js';
import { StartError } from '../errors.js';
import type { Logger } from '../logger.js';
import { monotonicMs } from '../monotonic.js';
import { isLoopback } from './access.js';
import { adminApp, metricsApp } from './app.js';
import { AdminConnections } from './connections.js';
import { Feed } from './feed.js';
import { type ListenPlace, type OpenServer, openServer, placeOf } from './http-server.js';
import type { AdminSource } from './source.js';
import { type AdminTokens, hasToken, NO_TOKENS, TOKEN_PLACES } from './token.js';

export interface ServerParts {
  readonly address: string;
  readonly source: AdminSource;
  readonly logger: Logger;
  readonly limits: AdminLimits;
}

export interface MetricsServer extends OpenServer {
  readonly connections: AdminConnections;
}

export interface AdminServer extends MetricsServer {
  /**
   * Sets the tokens that requests have to carry from now on, and ends what was opened with the old ones.
   * @throws {StartError} when the address needs a token and there is none
   */
  setTokens(tokens: AdminTokens): void;
}

/**
 * @param tokens may be left out for loopback addresses and socket files, which only this host can reach
 * @throws {StartError} when the address cannot be listened on, or needs a token
 */
export async function startAdmin({
  tokens = NO_TOKENS,
  ...parts
}: ServerParts & { readonly tokens?: AdminTokens }): Promise<AdminServer> {
  const { address, source, logger, limits } = parts;
  const place = placeOf(address);
  let asked = tokensFor(address, place, tokens);
  const feed = new Feed({ source, logger, nowMs: monotonicMs, mostReaders: limits.streams });
  const connections = new AdminConnections(limits, logger);
  const app = adminApp({ source, feed, logger, connections, tokens: () => asked });
  const server = await openServer(address, { fetch: app.fetch, connections, limits, logger });
  return {
    address: server.address,
    connections,
    setTokens: (next) => {
      asked = tokensFor(address, place, next);
      feed.endAll();
    },
    close: () => {
      feed.endAll();
      server.close();
    },
  };
}

/** @throws {StartError} when the address cannot be listened on */
export async function startMetrics({ address, source, logger, limits }: ServerParts): Promise<MetricsServer> {
  const connections = new AdminConnections(limits, logger);
  const feed = new Feed({ source, logger, nowMs: monotonicMs, mostReaders: 0 });
  const app = metricsApp({ source, feed, logger, connections, isLocal: isLocal(placeOf(address)) });
  const server = await openServer(address, { fetch: app.fetch, connections, limits, logger });
  return { ...server, connections };
}

/** @returns `tokens`. @throws {StartError} when there is none and the address can be reached from other hosts */
function tokensFor(address: string, place: ListenPlace, tokens: AdminTokens): AdminTokens {
  if (hasToken(tokens) || isLocal(place)) return tokens;
  throw new StartError(
    `The admin interface at ${address} could be used by anybody on the network to change the pools: ` +
      `give it a token in ${TOKEN_PLACES.change.variable} or by --admin-token-file, or a loopback address`,
  );
}

/** Whether only this host can reach the place. */
function isLocal(place: ListenPlace): boolean {
  return typeof place === 'string' || isLoopback(place.host);
}
