/**
 * workers/http/held-connections.ts: the connections to backends that belong to one client's connection, since a backend has
 * asked there for NTLM or Negotiate. What it takes for that client's identity is the connection, so no request of anybody
 * else may travel on it, and every round trip of the login has to. Only a client that was asked has such an object.
 */
import type { LinkChoice } from '../backend-links.js';
import type { Affinity } from '../dispatch.js';
import type { WorkerBackend } from '../worker-backend.js';
import type { BackendReceiver, BackendStream } from './backend-stream.js';
import type { HttpPool } from './http-pool.js';

/** Most connections that one client holds: as many backends as it may be logged in to at once. */
const MOST_HELD = 8;

/** A connection to a backend that can be held. */
export interface HeldConnection extends BackendStream {
  readonly pool: HttpPool;
  readonly upstream: WorkerBackend;
  /** Whether it carries no request, and leads to where its backend is now. */
  readonly isFree: boolean;
  /** Gives it to `receiver` while it is free. */
  reuse(receiver: BackendReceiver): void;
  close(): void;
}

export class HeldConnections {
  /** The one that was held first comes first. */
  private connections: readonly HeldConnection[] = [];

  /** Keeps `connection` for this client. */
  add(connection: HeldConnection): void {
    if (this.connections.includes(connection)) return;
    this.connections = [...this.connections, connection];
    if (this.connections.length > MOST_HELD) this.connections[0]?.close();
  }

  /** `connection` has closed. */
  left(connection: HeldConnection): void {
    this.connections = this.connections.filter((each) => each !== connection);
  }

  /** The client's connection has closed, and all that it holds with it. */
  close(): void {
    for (const connection of this.connections) connection.close();
  }

  /** @returns where a request to `pool` should go: to the backend that knows the client, or as `otherwise` says */
  affinityIn(pool: HttpPool, otherwise: Affinity): Affinity {
    const held = this.connections.find((each) => each.pool === pool && each.isFree);
    return held === undefined ? otherwise : { key: otherwise.key, bound: held.upstream, holdsConnection: true };
  }

  /** {@link BackendLinks.open}, on the client's own connection to `upstream` if there is one, and never on a shared one. */
  open(receiver: BackendReceiver, upstream: WorkerBackend, choice: LinkChoice): BackendStream | undefined {
    const held =
      choice === 'new' ? undefined : this.connections.find((each) => each.upstream === upstream && each.isFree);
    if (held === undefined) return upstream.links.open(receiver, choice === 'any' ? 'alone' : choice);
    held.reuse(receiver);
    return held;
  }
}
