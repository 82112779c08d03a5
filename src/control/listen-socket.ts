/**
 * control/listen-socket.ts: the sockets clients connect to. In mode `shared` the primary owns them, bound but never
 * accepting, so that the queue of waiting clients outlives any worker. The only file that touches the inside of
 * `node:net` for it: what node:cluster itself uses to bind, checked at run time.
 */
import type { SendHandle } from 'node:child_process';
import net from 'node:net';
import { getSystemErrorName } from 'node:util';
import { type Address, formatAddress, parseAddress } from '../core/address.js';
import { descriptorOf, passedSocketOf } from '../core/passed-socket.js';
import type { Accept } from './accept.js';
import { listenError, StartError } from './errors.js';

export interface ListenSocket {
  /** Where it really listens: an IP literal, and the port that port 0 became. */
  readonly address: string;
  readonly accept: Accept;
  /** What a worker listens on; only in mode `shared`. */
  readonly handle: SendHandle;
  /** Gives up the primary's share; idempotent. The port is free once no worker listens any more. */
  close(): void;
}

/**
 * @param address canonical `host:port`; port 0 lets the system choose once for all workers; or a passed socket
 * @throws {StartError} when the address cannot be listened on, before any worker is started
 */
export async function openListenSocket(address: string, accept: Accept): Promise<ListenSocket> {
  const passed = passedSocketOf(address);
  if (passed !== undefined) return takePassedSocket(address, passed, accept);
  const real = await preflight(address);
  const shown = formatAddress(real);
  if (accept !== 'shared') return { address: shown, accept, handle: undefined, close: () => {} };
  const handle = bind(real, address);
  return { address: shown, accept, handle, close: once(() => handle.close()) };
}

/** Once closed, a descriptor's number may be any other file's. */
const taken = new Set<number>();

/** Whoever has bound it goes on holding it: clients that come while no balancer runs wait there for the next one. */
function takePassedSocket(address: string, which: string, accept: Accept): ListenSocket {
  const refusal = (clause: string): StartError => new StartError(`Cannot listen on ${address}: ${clause}`);
  if (accept !== 'shared')
    throw refusal(`a socket that was passed on needs accept mode "shared", and this is "${accept}"`);
  const descriptor = descriptorOf(which, process.env, process.pid);
  if (typeof descriptor === 'string') throw refusal(descriptor);
  if (taken.has(descriptor))
    throw refusal('it was taken before; a socket can be passed on once in the life of a process');
  const handle: unknown = serverHandleFactory()?.('', 0, 4, descriptor);
  if (!isBoundHandle(handle)) throw refusal(`descriptor ${descriptor} is no TCP socket`);
  taken.add(descriptor);
  const bound: { address?: string; port?: number } = {};
  handle.getsockname(bound);
  const shown = formatAddress({ host: bound.address ?? '', port: bound.port ?? 0 });
  return { address: shown, accept, handle, close: once(() => handle.close()) };
}

/** @returns whether this Node can bind a socket without accepting on it, which mode `shared` needs */
export function canShareSockets(): boolean {
  return serverHandleFactory() !== undefined;
}

/** Listens for a moment: a bare bind does not see every conflict, and only a real listen says so at once. */
function preflight(address: string): Promise<Address> {
  const wanted = parseAddress(address, 0);
  if (typeof wanted === 'string') throw new StartError(`Cannot listen on ${address}: it ${wanted}`);
  return new Promise((resolve, reject) => {
    const server = net.createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(address, error.code ?? error.message)));
    // Exclusive: should this run inside a cluster worker, the answer must still be about this very socket.
    server.listen({ ...wanted, exclusive: true }, () => {
      const bound = server.address();
      server.close(() => {
        if (bound === null || typeof bound === 'string') return reject(listenError(address, 'not a TCP address'));
        resolve({ host: bound.address, port: bound.port });
      });
    });
  });
}

/** What this file relies on of the raw handle. */
type BoundHandle = Exclude<SendHandle, undefined> & {
  close(): void;
  getsockname(into: { address?: string; port?: number }): number;
};

function bind({ host, port }: Address, asked: string): BoundHandle {
  const handle: unknown = serverHandleFactory()?.(host, port, net.isIP(host), -1);
  if (typeof handle === 'number') throw listenError(asked, getSystemErrorName(handle));
  if (!isBoundHandle(handle)) throw new StartError(`Cannot listen on ${asked}: this Node cannot share a bound socket`);
  return handle;
}

type HandleFactory = (host: string, port: number, family: number, fd: number) => unknown;

function serverHandleFactory(): HandleFactory | undefined {
  const found: unknown = Reflect.get(net, '_createServerHandle');
  return isHandleFactory(found) ? found : undefined;
}

function isHandleFactory(value: unknown): value is HandleFactory {
  return typeof value === 'function';
}

/** `send` takes such a handle as it is, though its type names only the classes that wrap one. */
function isBoundHandle(value: unknown): value is BoundHandle {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof Reflect.get(value, 'close') === 'function' &&
    typeof Reflect.get(value, 'getsockname') === 'function'
  );
}

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    action();
  };
}
