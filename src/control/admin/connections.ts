/**
 * control/admin/connections.ts: the connections to the admin interface, which whoever can reach its address may open.
 * Those that have not been let in yet are few, and a new one takes the place of the oldest: `/healthz` and `/readyz` are
 * always answered, whatever others hold open. Those that were let in, by a token for example, have room of their own.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { AdminLimits } from '../../config/admin.js';
import { clientKey } from '../../core/client-key.js';
import type { Logger } from '../logger.js';
import { monotonicMs } from '../monotonic.js';
import type { Gate } from './gate.js';

/**
 * Why connections were closed: `evicted`, to make room; `refused`, as there was no room for one more that is let in;
 * `pipelined`, a request was sent without waiting for the answer to the one before; `unread`, the client did not take
 * its answer; `late`, its request did not arrive in time.
 */
export const CLOSE_REASONS = ['evicted', 'refused', 'pipelined', 'unread', 'late'] as const;
export type CloseReason = (typeof CLOSE_REASONS)[number];

interface Held {
  readonly gate: Gate;
  /** The address of the peer, or its /64; '' for a socket file. */
  readonly peer: string;
  isAdmitted: boolean;
  /** The request that is being answered. */
  request: IncomingMessage | undefined;
  isPipelined: boolean;
  /** Ends the connection unless a request has arrived. */
  deadline: NodeJS.Timeout | undefined;
}

const LOG_INTERVAL_MS = 60_000;

export class AdminConnections {
  readonly #limits: AdminLimits;
  readonly #logger: Logger;
  /** Open connections, oldest first, by the stream that `node:http` knows them by. */
  readonly #held = new Map<Duplex, Held>();
  readonly #closed: Record<CloseReason, number> = { evicted: 0, refused: 0, pipelined: 0, unread: 0, late: 0 };
  #loggedMs = Number.NEGATIVE_INFINITY;
  /** Connections closed since the last line in the log. */
  #unlogged = 0;

  constructor(limits: AdminLimits, logger: Logger) {
    this.#limits = limits;
    this.#logger = logger;
  }

  get size(): number {
    return this.#held.size;
  }

  /** @returns how many connections were closed for a reason since the start */
  closed(reason: CloseReason): number {
    return this.#closed[reason];
  }

  /** Takes a connection that was accepted, which may cost an older one its place. */
  add(gate: Gate): void {
    const peer = clientKey(gate.peer);
    const { unauthenticated, unauthenticatedPerAddress } = this.#limits;
    const waiting = [...this.#held.values()].filter((each) => !each.isAdmitted);
    const ofPeer = waiting.filter((each) => each.peer === peer);
    const victim = ofPeer.length >= unauthenticatedPerAddress ? ofPeer[0] : undefined;
    const oldest = victim ?? (waiting.length >= unauthenticated ? waiting[0] : undefined);
    if (oldest !== undefined) this.#close(oldest, 'evicted');
    const held: Held = { gate, peer, isAdmitted: false, request: undefined, isPipelined: false, deadline: undefined };
    this.#held.set(gate, held);
    this.#await(held);
    gate.once('close', () => this.#forget(held));
    gate.on('timeout', () => this.#timedOut(held));
  }

  /**
   * Gives a connection room among those that are let in. Where that is full, one that waits for its next request goes.
   * @returns `false` where every such connection has a request under way
   */
  admit(connection: Duplex): boolean {
    const held = this.#held.get(connection);
    if (held === undefined || held.isAdmitted) return true;
    const { connections, connectionsPerAddress } = this.#limits;
    const admitted = [...this.#held.values()].filter((each) => each.isAdmitted);
    const ofPeer = admitted.filter((each) => each.peer === held.peer);
    const full =
      ofPeer.length >= connectionsPerAddress ? ofPeer : admitted.length >= connections ? admitted : undefined;
    const idle = full?.find((each) => each.request === undefined);
    if (idle !== undefined) this.#close(idle, 'evicted');
    held.isAdmitted = full === undefined || idle !== undefined;
    if (!held.isAdmitted) this.#count('refused');
    return held.isAdmitted;
  }

  /**
   * Notes that a request is to be answered. There is one at a time on a connection: its client may send a thousand
   * requests and read no answer, and each answer would wait in memory.
   * @returns whether to answer; `false` for a pipelined request, before which the connection ends
   */
  begin(request: IncomingMessage, response: ServerResponse): boolean {
    const held = this.#held.get(request.socket);
    if (held === undefined) return false;
    if (held.request !== undefined) {
      held.isPipelined = true;
      held.gate.closeInput();
      return false;
    }
    held.request = request;
    response.once('close', () => this.#ended(held));
    return true;
  }

  closeAll(): void {
    for (const { gate } of [...this.#held.values()]) gate.destroy();
  }

  #ended(held: Held): void {
    held.request = undefined;
    if (held.gate.destroyed) return;
    this.#await(held);
    if (!held.isPipelined) return;
    this.#count('pipelined');
    held.gate.destroySoon();
  }

  /** Gives the client of a connection time to send its next request, the body included. */
  #await(held: Held): void {
    clearTimeout(held.deadline);
    held.deadline = setTimeout(() => {
      if (held.request?.complete !== true) this.#close(held, 'late');
    }, this.#limits.request).unref();
  }

  /** Handles a connection that has been still. Nothing is wrong with one for which there is nothing to send at present. */
  #timedOut(held: Held): void {
    if (held.request === undefined) held.gate.destroy();
    else if (held.gate.isBehind) this.#close(held, 'unread');
  }

  #close(held: Held, reason: CloseReason): void {
    this.#forget(held);
    held.gate.destroy();
    this.#count(reason);
  }

  #forget(held: Held): void {
    clearTimeout(held.deadline);
    this.#held.delete(held.gate);
  }

  /** Counts a closed connection; the log gets at most one line a minute, with how many there were since the last. */
  #count(reason: CloseReason): void {
    this.#closed[reason] += 1;
    this.#unlogged += 1;
    const nowMs = monotonicMs();
    if (nowMs - this.#loggedMs < LOG_INTERVAL_MS) return;
    this.#logger.warn('connections to the admin interface are closed (adminLimits)', {
      reason,
      closed: this.#unlogged,
    });
    this.#loggedMs = nowMs;
    this.#unlogged = 0;
  }
}
