/**
 * test/support/backend.ts: test backends on port 0: HTTP servers, servers of raw bytes, and addresses where nobody
 * answers.
 */
import { createServer as createHttpServer, type RequestListener, type ServerOptions } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { Worker as Thread } from 'node:worker_threads';
import { onStop } from './cleanup.js';
import { eventually } from './eventually.js';
import { connect, Peer, PeerGoneError } from './peer.js';

export interface Backend {
  /** `host:port` or `unix:/path`, which is also its id. */
  readonly address: string;
  /** 0 for a socket file. */
  readonly port: number;
  /** Connections accepted so far. */
  readonly accepted: number;
  /** Connections open now. */
  readonly open: number;
  /** Stops listening and cuts what is open. */
  kill(): void;
}

/** Starts a node:http server. @param path of a socket file to listen on, instead of a port */
export async function startBackend(
  handler: RequestListener,
  options: ServerOptions = {},
  path?: string,
): Promise<Backend> {
  const server = createHttpServer(options, handler);
  const sockets = new Set<Socket>();
  let accepted = 0;
  server.on('connection', (socket: Socket) => {
    accepted += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const port = await listen(server, path);
  onStop(() => letGo(server, () => sockets.size, sockets));
  return {
    ...addressOf(port, path),
    get accepted() {
      return accepted;
    },
    get open() {
      return sockets.size;
    },
    kill: () => kill(server, sockets),
  };
}

/** Starts a backend that takes `ms` milliseconds for each answer, which is `body`. */
export function startSlowBackend(ms: number, body: string): Promise<Backend> {
  return startBackend((_request, response) => void setTimeout(() => response.end(body), ms).unref());
}

/** A backend of raw bytes, and the connections that came to it. */
export interface RawBackend extends Backend {
  readonly peers: readonly Peer[];
}

/** Plays the backend on one connection; `index` counts connections from 0. */
type Script = (peer: Peer, index: number) => void | Promise<void>;

/**
 * Starts a server that runs `script` for each connection. When the proxy closes the connection in the middle of a
 * script, the {@link PeerGoneError} of its wait is no failure; any other error fails the test.
 * @param path of a socket file to listen on, instead of a port
 */
export async function startRawBackend(script: Script, path?: string): Promise<RawBackend> {
  const peers: Peer[] = [];
  let failure: unknown;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const peer = new Peer(socket);
    const index = peers.push(peer) - 1;
    run(script, peer, index).catch((error: unknown) => {
      if (!(error instanceof PeerGoneError)) failure ??= error;
    });
  });
  const port = await listen(server, path);
  const open = (): number => peers.filter((peer) => peer.parting === undefined && !peer.socket.destroyed).length;
  const sockets = (): Socket[] => peers.map((peer) => peer.socket);
  onStop(async () => {
    await letGo(server, open, sockets());
    if (failure !== undefined) throw failure;
  });
  return {
    ...addressOf(port, path),
    peers,
    get accepted() {
      return peers.length;
    },
    get open() {
      return open();
    },
    kill: () => kill(server, sockets()),
  };
}

/** Runs a script, then waits until the proxy ends the connection and ends it as well. */
async function run(script: Script, peer: Peer, index: number): Promise<void> {
  await script(peer, index);
  await peer.gone();
  peer.end();
}

/** Serves one request after the other on a connection with what `answer` returns, until the proxy ends it. */
export async function answerEach(peer: Peer, answer: (path: string) => string): Promise<void> {
  for (;;) {
    const request = await peer.message();
    peer.send(answer(request.line.split(' ')[1] ?? ''));
  }
}

/** @returns an address that refuses connections: a server listened there a moment ago */
export async function refusingAddress(): Promise<string> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return addressOf(port).address;
}

/** A server in a thread whose event loop is blocked for ever, so that it accepts no connection. */
const DEAF = `
const { parentPort, workerData } = require('node:worker_threads');
const server = require('node:net').createServer();
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  parentPort.postMessage(server.address().port);
  setImmediate(() => Atomics.wait(workerData, 0, 0));
});`;

/** @returns an address where a connection neither opens nor fails: its backlog is full and never gets shorter */
export async function deafAddress(): Promise<string> {
  const thread = new Thread(DEAF, { eval: true, workerData: new Int32Array(new SharedArrayBuffer(4)) });
  onStop(async () => void (await thread.terminate()));
  const port = await new Promise<number>((resolve) => thread.once('message', resolve));
  // Linux lets one more than the backlog in.
  await connect(port);
  await connect(port);
  return addressOf(port).address;
}

function addressOf(port: number, path?: string): { readonly address: string; readonly port: number } {
  return { address: path === undefined ? `127.0.0.1:${port}` : `unix:${path}`, port };
}

/** @returns the port; 0 for a socket file */
async function listen(server: Server, path?: string): Promise<number> {
  const place = path === undefined ? { port: 0, host: '127.0.0.1' } : { path };
  await new Promise<void>((resolve) => server.listen(place, resolve));
  if (path !== undefined) return 0;
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('Listens on no port');
  return address.port;
}

function kill(server: Server, sockets: Iterable<Socket>): void {
  server.close();
  for (const socket of sockets) socket.destroy();
}

/** Fails unless the proxy, which has been stopped before, has closed its connections to this backend by itself. */
async function letGo(server: Server, open: () => number, sockets: Iterable<Socket>): Promise<void> {
  try {
    await eventually('the proxy has closed all its connections to a backend', () => open() === 0);
  } finally {
    kill(server, sockets);
  }
}
