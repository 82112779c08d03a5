/** workers/inbound/client-connections.ts: the client connections of a worker that are open, whatever protocol they speak. */
import type { BackendId } from '../../src/core/backend.js';
import type { AccessLog } from '../access-log/access-log.js';
import type { Exchange } from '../http/exchange.js';
import type { LocalAnswer } from '../http/local-answer.js';
import type { WorkerBackend } from '../worker-backend.js';
import type { Arrival } from './arrival.js';
import type { ClientPolicy } from './client-policy.js';
import { HelloStep } from './hello-step.js';
import { ProxyStep } from './proxy-step.js';

/** A client's connection as the protocol that serves it shows it to the door. */
export interface ClientConnection {
  readonly arrival: Arrival;
  /** The connection is admitted. @param early bytes that have been read of it already */
  begin(early: Buffer): void;
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
  /** Tries what waits for the backend `gone` at another one, as far as it can be repeated. */
  evacuate(gone: WorkerBackend): void;
  /** Moves what is open on a backend elsewhere, or ends what cannot be repeated. */
  recall(pool: string, id: BackendId): void;
  /** The exchanges that are under way on it. */
  readonly exchanges: Iterable<Exchange>;
  /** Whether requests of the connection are still to be written to `log`. */
  logsTo(log: AccessLog): boolean;
}

export class ClientConnections {
  private readonly open = new Set<ClientConnection>();

  get size(): number {
    return this.open.size;
  }

  [Symbol.iterator](): Iterator<ClientConnection> {
    return this.open.values();
  }

  has(connection: ClientConnection): boolean {
    return this.open.has(connection);
  }

  add(connection: ClientConnection): void {
    this.open.add(connection);
  }

  delete(connection: ClientConnection): void {
    this.open.delete(connection);
  }

  /** Every connection ends after its current request: the worker accepts no more. */
  drain(): void {
    for (const connection of this.open) connection.drain();
  }

  /** {@link drain} for the connections of the listener of that name. */
  drainListener(name: string): void {
    for (const connection of this.open) {
      if (connection.arrival.listener.settings.name === name) connection.drain();
    }
  }

  /** Ends every connection at once: the worker is stopping. */
  cut(): void {
    for (const connection of this.open) connection.cut();
  }

  /** The worker has taken over another configuration. */
  configure(policy: ClientPolicy): void {
    for (const connection of this.open) {
      connection.arrival.follow(policy);
      connection.onConfigured();
    }
  }

  /** Whether requests are still to be written to `log`. */
  logTo(log: AccessLog): boolean {
    for (const connection of this.open) if (connection.logsTo(log)) return true;
    return false;
  }

  /**
   * @param nowMs of `performance.now`
   * @returns how long the oldest request waits on each backend for the head of its response, in milliseconds
   */
  waits(nowMs: number): ReadonlyMap<WorkerBackend, number> {
    const waits = new Map<WorkerBackend, number>();
    for (const { unanswered } of this.exchanges()) {
      if (unanswered === undefined) continue;
      const { upstream, askedMs } = unanswered;
      waits.set(upstream, Math.max(waits.get(upstream) ?? 0, nowMs - askedMs));
    }
    return waits;
  }

  /** Tries requests that wait for the backend `gone` at another one, as far as they can be repeated. */
  evacuate(gone: WorkerBackend): void {
    // Looks at every exchange, since this is rare: a list of those at each backend would cost something each request.
    for (const connection of this.open) connection.evacuate(gone);
  }

  /** Moves the requests that are open on a backend elsewhere, or ends those that cannot be repeated. */
  recall(pool: string, id: BackendId): void {
    for (const connection of this.open) connection.recall(pool, id);
  }

  /** The connections whose client is known. */
  *arrivals(): Iterable<Arrival> {
    for (const connection of this.open) {
      if (!(connection instanceof ProxyStep) && !(connection instanceof HelloStep)) yield connection.arrival;
    }
  }

  private *exchanges(): Iterable<Exchange> {
    for (const connection of this.open) yield* connection.exchanges;
  }
}
