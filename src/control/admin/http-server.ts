/**
 * control/admin/http-server.ts: the listening socket of an HTTP application of the primary, on an address or a socket
 * file. All that is open on it is bounded by `adminLimits`.
 */
import http from 'node:http';
import net from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import type { AdminLimits } from '../../config/admin.js';
import { type Address, formatAddress, parseAddress, socketFileOf } from '../../core/address.js';
import { listenError, StartError } from '../errors.js';
import type { Logger } from '../logger.js';
import { listenOnFile } from '../socket-file.js';
import type { AdminConnections } from './connections.js';
import type { OnNode } from './endpoint.js';
import { Gate } from './gate.js';

/** Host and port, or the path of a socket file. */
export type ListenPlace = Address | string;

export interface OpenServer {
  /** The address it listens on, with the port that the system chose for port 0. */
  readonly address: string;
  /** Closes the socket and every connection at once. Idempotent. */
  close(): void;
}

export interface Served {
  readonly fetch: Hono<OnNode>['fetch'];
  readonly connections: AdminConnections;
  readonly limits: AdminLimits;
  readonly logger: Logger;
}

/** @throws {StartError} when `address` is none */
export function placeOf(address: string): ListenPlace {
  const path = socketFileOf(address);
  if (path !== undefined) return path;
  const wanted = parseAddress(address, 0);
  if (typeof wanted === 'string') throw new StartError(`Cannot listen on ${address}: it ${wanted}`);
  return wanted;
}

/** @throws {StartError} when `address` cannot be listened on */
export async function openServer(address: string, served: Served): Promise<OpenServer> {
  const place = placeOf(address);
  const parser = createParser(served);
  const server = createListener(served, parser);
  const unlisten = await (typeof place === 'string' ? listenOnFile(server, place) : listenOn(server, place));
  server.on('error', (error) => served.logger.error('admin interface failed', { address, reason: error.message }));
  return {
    address: realAddress(server, address),
    close: () => {
      unlisten();
      server.close();
      served.connections.closeAll();
    },
  };
}

/** Creates the server that accepts connections, and hands each to `parser`. The only place where that is decided. */
function createListener({ connections }: Served, parser: http.Server): net.Server {
  return net.createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    const gate = new Gate(socket);
    connections.add(gate);
    parser.emit('connection', gate);
  });
}

/**
 * Creates the server that makes requests of what connections send. It does not listen itself, and Node limits the time
 * of requests only where it does: the connections have their own.
 */
function createParser({ fetch, connections, limits }: Served): http.Server {
  const answer = getRequestListener(fetch);
  const timeouts = { keepAliveTimeout: limits.keepAlive, requestTimeout: 0, headersTimeout: 0 };
  const server = http.createServer(timeouts, (request, response) => {
    if (connections.begin(request, response)) void answer(request, response);
  });
  // A listener, so that Node leaves it to the connections which of them to close.
  server.setTimeout(limits.response, () => {});
  return server;
}

/** @returns a function that leaves nothing to do when the server closes */
async function listenOn(server: net.Server, { host, port }: Address): Promise<() => void> {
  await new Promise<void>((resolve, reject) => {
    const address = formatAddress({ host, port });
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(address, error.code ?? error.message)));
    // `exclusive`: inside a worker of node:cluster, the socket would otherwise be shared with all workers.
    server.listen({ host, port, exclusive: true }, resolve);
  });
  return () => {};
}

function realAddress(server: net.Server, asked: string): string {
  const bound = server.address();
  if (bound === null || typeof bound === 'string') return asked;
  return formatAddress({ host: bound.address, port: bound.port });
}
