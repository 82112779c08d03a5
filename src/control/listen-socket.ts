/**
 * control/listen-socket.ts: opens the sockets that clients connect to. In mode `shared` the primary owns them, bound
 * but never accepting, so that the queue of waiting clients outlives every worker. For that it uses what node:cluster
 * itself uses to bind, an internal of `node:net`, checked at run time.
 */
import type { SendHandle } from 'node:child_process';
import net from 'node:net';
import { getSystemErrorName } from 'node:util';
import { SOCKET_FILE_MODE } from '../config/listeners.js';
import { type Address, formatAddress, parseAddress, socketFileOf } from '../core/address.js';
import { descriptorOf, passedSocketOf } from '../core/passed-socket.js';
import type { Accept } from './accept.js';
import { listenError, StartError } from './errors.js';
import { makeSocketFile } from './socket-file.js';

export interface ListenSocket {
  /** Where it really listens: an IP address and a port other than 0, or a socket file. */
  readonly address: string;
  /** A socket file is `shared` in every mode: the others are ways to share a port. */
  readonly accept: Accept;
  /** The bound socket that workers listen on; only in mode `shared`. */
  readonly handle: SendHandle;
  /** Gives a socket file the mode that its listener has now; does nothing for any other socket. */
  setMode(mode: string): void;
  /** Closes the primary's handle; idempotent. The port is free once no worker listens any more. */
  close(): void;
}

/**
 * Opens a listening socket, before any worker is started.
 * @param address canonical `host:port`, where port 0 lets the system choose once for all workers; a passed socket; or
 * `unix:/path`
 * @param mode of a socket file: `660`
 * @throws {StartError} when the address cannot be listened on
 */
export async function openListenSocket(
  address: string,
  accept: Accept,
  mode: string = SOCKET_FILE_MODE,
): Promise<ListenSocket> {
  const path = socketFileOf(address);
  if (path !== undefined) return openSocketFile(address, path, mode);
  const passed = passedSocketOf(address);
  if (passed !== undefined) return takePassedSocket(address, passed, accept);
  const real = await preflight(address);
  const shown = formatAddress(real);
  if (accept !== 'shared') return { ...NOT_A_FILE, address: shown, accept, handle: undefined, close: () => {} };
  const handle = bind(real, address);
  return { ...NOT_A_FILE, address: shown, accept, handle, close: once(() => handle.close()) };
}

const NOT_A_FILE = { setMode: () => {} } as const;

async function openSocketFile(address: string, path: string, mode: string): Promise<ListenSocket> {
  let handle: BoundHandle | undefined;
  const file = await makeSocketFile(path, modeOf(mode), (beside) => {
    const made: unknown = serverHandleFactory()?.(beside, -1, -1, -1);
    if (typeof made === 'number') return getSystemErrorName(made);
    if (!isBoundHandle(made)) throw cannotShare(address);
    handle = made;
    return undefined;
  }).catch((error: unknown) => {
    handle?.close();
    throw error;
  });
  // The file goes first: nobody is to find one that nobody listens on.
  const close = once(() => {
    file.remove();
    handle?.close();
  });
  return { address, accept: 'shared', handle, setMode: (next) => file.setMode(modeOf(next)), close };
}

function modeOf(octal: string): number {
  return Number.parseInt(octal, 8);
}

/** Descriptors of passed sockets that were taken; once closed, their numbers may be those of other files. */
const taken = new Set<number>();

/**
 * Takes a socket that was passed on. Its owner keeps it open, so clients that connect while no balancer runs wait for
 * the next one.
 */
function takePassedSocket(address: string, which: string, accept: Accept): ListenSocket {
  const refusal = (clause: string): StartError => new StartError(`Cannot listen on ${address}: ${clause}`);
  if (accept !== 'shared')
    throw refusal(`a socket that was passed on needs accept mode "shared", and this is "${accept}"`);
  const descriptor = descriptorOf(which, process.env, process.pid);
  if (typeof descriptor === 'string') throw refusal(descriptor);
  if (taken.has(descriptor))
    throw refusal('it was taken before; a socket can be passed on once in the life of a process');
  const handle: unknown = serverHandleFactory()?.('', 0, 4, descriptor);
  if (!isTcpHandle(handle)) throw refusal(`descriptor ${descriptor} is no TCP socket`);
  taken.add(descriptor);
  const bound: { address?: string; port?: number } = {};
  handle.getsockname(bound);
  const shown = formatAddress({ host: bound.address ?? '', port: bound.port ?? 0 });
  return { ...NOT_A_FILE, address: shown, accept, handle, close: once(() => handle.close()) };
}

/** @returns whether this Node can bind a socket without accepting on it, which mode `shared` needs */
export function canShareSockets(): boolean {
  return serverHandleFactory() !== undefined;
}

/** Listens for a moment, since a bare bind does not report every conflict. @returns the address with its port chosen */
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

/** The parts of the raw handle that this file uses. */
type BoundHandle = Exclude<SendHandle, undefined> & {
  close(): void;
};

type TcpHandle = BoundHandle & {
  getsockname(into: { address?: string; port?: number }): number;
};

function bind({ host, port }: Address, asked: string): BoundHandle {
  const handle: unknown = serverHandleFactory()?.(host, port, net.isIP(host), -1);
  if (typeof handle === 'number') throw listenError(asked, getSystemErrorName(handle));
  if (!isBoundHandle(handle)) throw cannotShare(asked);
  return handle;
}

function cannotShare(asked: string): StartError {
  return new StartError(`Cannot listen on ${asked}: this Node cannot share a bound socket`);
}

type HandleFactory = (host: string, port: number, family: number, fd: number) => unknown;

function serverHandleFactory(): HandleFactory | undefined {
  const found: unknown = Reflect.get(net, '_createServerHandle');
  return isHandleFactory(found) ? found : undefined;
}

function isHandleFactory(value: unknown): value is HandleFactory {
  return typeof value === 'function';
}

/** Whether a value is a raw handle. `child.send` accepts one, though its type names only the classes that wrap it. */
function isBoundHandle(value: unknown): value is BoundHandle {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'close') === 'function';
}

function isTcpHandle(value: unknown): value is TcpHandle {
  return isBoundHandle(value) && typeof Reflect.get(value, 'getsockname') === 'function';
}

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    action();
  };
}
