/**
 * workers/listeners.ts: where a worker accepts connections, in each of the three ways to share a port. A listener is
 * known by its name; its settings may change while it listens.
 */
import { createServer, type Server } from 'node:net';
import { listenerChanges } from '../src/config/listener-changes.js';
import type { ListenerConfig } from '../src/config/listeners.js';
import { type Address, formatAddress, parseAddress, socketFileOf } from '../src/core/address.js';
import { IpList } from '../src/core/ip-list.js';
import { unreachable } from '../src/core/unreachable.js';
import type { ToWorker } from '../src/messages.js';
import { acceptOn, type Incoming, listenOnHandle, probeClient, probeClientsOf, SERVER_OPTIONS } from './fast-socket.js';

export type ListenOrder = Extract<ToWorker, { type: 'listen' }>;

/** A listener as its connections know it: they ask for its settings when they need them, so they see the newest. */
export interface Listener {
  readonly settings: ListenerConfig;
  /** The proxies whose PROXY headers are believed; `undefined` where none are read. */
  readonly proxies: IpList | undefined;
  /** @returns the name of the pool for the server name that a TLS client asks for; `undefined` if it leads nowhere */
  poolOf(serverName: string): string | undefined;
  /** The port that it listens on; 0 for a socket file. */
  readonly port: number;
  /** Whether it listens on a socket file, so that its clients have no address. */
  readonly isSocketFile: boolean;
}

export interface ListenerEvents {
  accepted(incoming: Incoming, listener: Listener): void;
  /** @param address the real one, its port chosen */
  listening(address: string): void;
  /** @param code Node's error code, as in `EADDRINUSE` */
  failed(code: string): void;
}

/** Connections the kernel keeps for us while we are busy; it cuts this down to its own limit (net.core.somaxconn). */
const BACKLOG = 4_096;

class WorkerListener implements Listener {
  readonly server: Server;
  settings: ListenerConfig;
  port: number;
  readonly isSocketFile: boolean;
  proxies: IpList | undefined;
  /** Whether its connections inherit that the kernel probes silent peers. */
  handsDownProbes = false;
  private pools: ReadonlyMap<string, string> = new Map();

  constructor(server: Server, settings: ListenerConfig, { host, port }: Address) {
    this.server = server;
    this.settings = settings;
    this.port = port;
    this.isSocketFile = socketFileOf(host) !== undefined;
    this.configure(settings);
  }

  configure(settings: ListenerConfig): void {
    const { proxyProtocol, sni } = settings;
    this.settings = settings;
    this.proxies = proxyProtocol && new IpList(proxyProtocol.from);
    this.pools = new Map(Object.entries(sni ?? {}));
  }

  poolOf(serverName: string): string | undefined {
    const { pools } = this;
    const exact = serverName === 'default' ? undefined : pools.get(serverName);
    return exact ?? pools.get(`*${serverName.slice(serverName.indexOf('.'))}`) ?? pools.get('default');
  }
}

export class Listeners {
  private open: readonly WorkerListener[] = [];
  /** Silence after which the kernel asks whether a client is still there, in milliseconds; 0: never. */
  private probeMs: number;

  constructor(probeMs: number) {
    this.probeMs = probeMs;
  }

  /** @param handle the bound socket that came with the order in mode `shared` */
  listen({ listener: settings, address, accept }: ListenOrder, handle: unknown, events: ListenerEvents): void {
    const parsed = parseAddress(address, 0);
    if (typeof parsed === 'string') return events.failed('EINVAL');
    const server = createServer(SERVER_OPTIONS);
    const listener = new WorkerListener(server, settings, parsed);
    this.open = [...this.open, listener];
    server.on('error', (error: NodeJS.ErrnoException) => {
      // Once it listens, what failed is one accept, for want of files: the next may succeed.
      if (!server.listening) events.failed(error.code ?? error.message);
    });
    server.once('listening', () => {
      const real = realAddress(server);
      listener.port = real?.port ?? listener.port;
      listener.handsDownProbes = probeClientsOf(server, this.probeMs);
      acceptOn(server, (incoming) => {
        if (!listener.handsDownProbes) probeClient(incoming, this.probeMs);
        events.accepted(incoming, listener);
      });
      events.listening(real === undefined ? address : formatAddress(real));
    });
    switch (accept) {
      case 'shared':
        listenOnHandle(server, handle, listener.isSocketFile, BACKLOG);
        return;
      case 'reuse-port':
        server.listen({ ...parsed, backlog: BACKLOG, reusePort: true, exclusive: true });
        return;
      case 'round-robin':
        server.listen({ ...parsed, backlog: BACKLOG });
        return;
      default:
        return unreachable(accept);
    }
  }

  /** Gives the listeners that are open the settings, and the names, that they have from now on. */
  configure(listeners: readonly ListenerConfig[], probeMs: number): void {
    this.probeFrom(probeMs);
    const settings = this.open.map((listener) => listener.settings);
    const changed = new Map(listenerChanges(settings, listeners).change.map(({ before, after }) => [before, after]));
    for (const listener of this.open) {
      const next = changed.get(listener.settings);
      if (next !== undefined) listener.configure(next);
    }
  }

  /** @returns the port that the listener of that name listens on; `undefined` while it does not */
  portOf(name: string): number | undefined {
    return this.open.find(({ settings }) => settings.name === name)?.port || undefined;
  }

  /** Takes over another {@link probeMs}, for connections that are accepted from now on. */
  private probeFrom(probeMs: number): void {
    if (probeMs === this.probeMs) return;
    this.probeMs = probeMs;
    for (const listener of this.open) {
      if (listener.server.listening) listener.handsDownProbes = probeClientsOf(listener.server, probeMs);
    }
  }

  /** Accepts nothing any more. A socket shared with other processes goes on listening there. */
  close(): void {
    for (const { settings } of this.open) this.closeOne(settings.name);
  }

  /** {@link close} for the listener of that name. */
  closeOne(name: string): void {
    const closing = this.open.filter(({ settings }) => settings.name === name);
    this.open = this.open.filter((listener) => !closing.includes(listener));
    for (const { server } of closing) if (server.listening) server.close();
  }
}

function realAddress(server: Server): Address | undefined {
  const address = server.address();
  return address === null || typeof address === 'string' ? undefined : { host: address.address, port: address.port };
}
