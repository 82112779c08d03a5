/**
 * workers/inbound/door.ts: leads every client connection from its accepted handle to the protocol that serves it, and
 * keeps the list of those that are open. Each step has its place here, once for all protocols:
 *
 * 1. {@link Door.receive} takes the handle and makes a transport of it.
 * 2. A PROXY header is read and names the client, before anything is counted by address.
 * 3. A ClientHello is peeked at, for listeners that choose by its SNI without opening the connection.
 * 4. The TLS handshake makes a TLS transport of the TCP one; a client's certificate becomes part of the {@link Arrival}.
 * 5. {@link Door.serve} chooses the protocol: by ALPN, by the connection preface, or by the listener alone.
 * 6. {@link Door.admit} counts the connection, in all and by address. One too many is turned away, which comes last
 *    since only its protocol can tell the client.
 *
 * Steps 2 to 4 have nothing to do yet; their parsers will be pure, in `src/inbound/`.
 */
import type { Config } from '../../src/config/schema.js';
import type { BackendId } from '../../src/core/backend.js';
import type { AccessLog } from '../access-log/access-log.js';
import { WORKER_COLUMN } from '../counters.js';
import type { Incoming } from '../fast-socket.js';
import type { Exchange } from '../http/exchange.js';
import { Http1ClientConnection } from '../http/h1/client-connection.js';
import type { LocalAnswer } from '../http/local-answer.js';
import type { Listener } from '../listeners.js';
import { TcpTransport } from '../tcp-transport.js';
import type { TransportUser } from '../transport.js';
import type { WorkerBackend } from '../worker-backend.js';
import type { WorkerContext } from '../worker-context.js';
import { Arrival } from './arrival.js';
import { ConnectionLimits } from './connection-limits.js';

/** A client's connection as the protocol that serves it shows it to the door. */
export interface ClientConnection {
  readonly arrival: Arrival;
  /**
   * Answers that there is no room, in the words of its protocol, and ends.
   * @param lingers whether to keep the connection until the client has had time to read the answer
   */
  turnAway(answer: LocalAnswer, lingers: boolean): void;
  /** The worker has taken over another configuration. */
  onConfigured(): void;
  /** Ends after the current request; one that has been idle for a while ends at once. */
  drain(): void;
  /** Ends at once, whatever is under way: the worker is stopping. */
  cut(): void;
  /** The exchanges that are under way on it. */
  readonly exchanges: Iterable<Exchange>;
  /** Whether requests of the connection are still to be written to `log`. */
  logsTo(log: AccessLog): boolean;
}

const NO_ROOM: LocalAnswer = { status: 503, reason: 'too-many', detail: 'too many connections.' };
const TOO_MANY_OF_ADDRESS: LocalAnswer = {
  status: 429,
  reason: 'too-many',
  detail: 'too many connections from this address.',
};

/** Stands in for the protocol, which is chosen in the same turn, before anything is read. */
const NOBODY: TransportUser = { onOpen() {}, onBytes() {}, onPeerEnd() {}, onClose() {} };

export class Door {
  /** The client connections that are open. */
  readonly connections = new Set<ClientConnection>();
  private readonly context: WorkerContext;
  private readonly limits: ConnectionLimits;
  /** See {@link whenEmpty}. */
  private onEmpty: (() => void) | undefined;

  constructor(context: WorkerContext) {
    this.context = context;
    this.limits = new ConnectionLimits(context.config);
  }

  /** Takes a connection that `listener` has accepted. */
  receive(incoming: Incoming, listener: Listener): void {
    const { buffers, intake } = this.context;
    const transport = TcpTransport.accepted(incoming, buffers.shared, NOBODY);
    const connection = this.serve(new Arrival(transport, listener, intake.policy));
    this.connections.add(connection);
    this.admit(connection);
  }

  /** Takes over another configuration, in one turn, so that no request sees a part of it. */
  configure(config: Config): void {
    this.limits.configure(config);
    for (const connection of this.connections) {
      connection.arrival.follow(this.context.intake.policy);
      connection.onConfigured();
    }
  }

  /** Calls `listener` once no client is left, at once if none is; `undefined` takes that back. */
  whenEmpty(listener: (() => void) | undefined): void {
    this.onEmpty = listener;
    if (this.connections.size === 0) listener?.();
  }

  /** A connection has closed. */
  left(connection: ClientConnection): void {
    const { arrival } = connection;
    if (arrival.isCounted) this.limits.leave(arrival.address);
    this.connections.delete(connection);
    if (this.connections.size === 0) this.onEmpty?.();
  }

  /** The listener of that name accepts no more: its open connections end after their current requests. */
  drainListener(name: string): void {
    for (const connection of this.connections) {
      if (connection.arrival.listener.settings.name === name) connection.drain();
    }
  }

  /** Tries requests that wait for the backend `gone` at another one, as far as they can be repeated. */
  evacuate(gone: WorkerBackend): void {
    // Looks at every exchange, since this is rare: a list of those at each backend would cost something each request.
    for (const exchange of this.exchanges()) exchange.evacuate(gone);
  }

  /** Moves the requests that are open on a backend elsewhere, or ends those that cannot be repeated. */
  recall(pool: string, id: BackendId): void {
    for (const exchange of this.exchanges()) exchange.recall(pool, id);
  }

  private *exchanges(): Iterable<Exchange> {
    for (const connection of this.connections) yield* connection.exchanges;
  }

  /** Chooses the protocol. */
  private serve(arrival: Arrival): ClientConnection {
    return new Http1ClientConnection(this.context, this, arrival);
  }

  /** Counts a connection in, or turns it away. */
  private admit(connection: ClientConnection): void {
    const { limits } = this;
    const { arrival } = connection;
    this.context.counters.add(WORKER_COLUMN.accepted);
    // Lingering would keep the connection, of which there are too many.
    if (this.connections.size > limits.most) return connection.turnAway(NO_ROOM, false);
    if (!limits.countsAddresses) return;
    arrival.isCounted = limits.enter(arrival.address);
    if (!arrival.isCounted) connection.turnAway(TOO_MANY_OF_ADDRESS, true);
  }
}
