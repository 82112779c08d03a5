/** workers/listeners.ts: where a worker accepts connections, in each of the three ways to share a port. */
import { createServer, type Server } from 'node:net';
import { formatAddress, parseAddress } from '../src/core/address.js';
import { unreachable } from '../src/core/unreachable.js';
import type { ToWorker } from '../src/messages.js';
import { acceptOn, type Incoming, SERVER_OPTIONS } from './fast-socket.js';

export type Accept = Extract<ToWorker, { type: 'listen' }>['accept'];

export interface ListenerEvents {
  accepted(incoming: Incoming): void;
  /** @param address the real one, its port chosen */
  listening(address: string): void;
  /** @param code Node's error code, as in `EADDRINUSE` */
  failed(code: string): void;
}

/** Connections the kernel keeps for us while we are busy; it cuts this down to its own limit (net.core.somaxconn). */
const BACKLOG = 4_096;

export class Listeners {
  private readonly servers = new Map<string, Server>();

  /** @param handle the bound socket that came with the message in mode `shared` */
  open(address: string, accept: Accept, handle: unknown, events: ListenerEvents): void {
    const parsed = parseAddress(address, 0);
    if (typeof parsed === 'string') return events.failed('EINVAL');
    const server = createServer(SERVER_OPTIONS);
    this.servers.set(address, server);
    server.on('error', (error: NodeJS.ErrnoException) => {
      // Once it listens, what failed is one accept, for want of files: the next may succeed.
      if (!server.listening) events.failed(error.code ?? error.message);
    });
    server.once('listening', () => {
      acceptOn(server, (incoming) => events.accepted(incoming));
      events.listening(realAddress(server) ?? address);
    });
    switch (accept) {
      case 'shared':
        server.listen(handle, BACKLOG);
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

  /** Accepts nothing any more. A socket shared with other processes goes on listening there. */
  close(): void {
    for (const address of this.servers.keys()) this.closeOne(address);
  }

  /** {@link close} for one of them. @param address as it was opened */
  closeOne(address: string): void {
    const server = this.servers.get(address);
    this.servers.delete(address);
    if (server?.listening === true) server.close();
  }
}

function realAddress(server: Server): string | undefined {
  const address = server.address();
  if (address === null || typeof address === 'string') return undefined;
  return formatAddress({ host: address.address, port: address.port });
}
