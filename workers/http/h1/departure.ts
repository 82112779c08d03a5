/**
 * workers/http/h1/departure.ts: ends a client's connection. While its last answer is on the way, what the client still
 * sends is read and thrown away: closing at once would reset the connection and could destroy that answer (RFC 9112
 * section 9.6).
 */
import type { Transport } from '../../transport.js';

/** How long a client that has got its last answer may send nothing before its connection is closed, in milliseconds. */
const GAP_MS = 2_000;
/**
 * How long it may go on sending, in milliseconds. Many clients read no answer before they have sent their whole request,
 * and find only a reset if their connection is closed before.
 */
const LONGEST_MS = 30_000;
/** How many bytes it may send meanwhile. To throw them away costs little, but nobody has to do it for ever. */
const MOST_BYTES = 64 * 1_048_576;

/** What a departure needs of its connection. */
export interface Departing {
  readonly transport: Transport;
  /** The worker's coarse clock, in milliseconds. */
  readonly nowMs: number;
  /** The worker is stopping, and waits for nobody who has got an answer. */
  readonly draining: boolean;
  /** Sets the connection's timer, in milliseconds; 0 for none. */
  arm(ms: number): void;
  /** Gives the client the configured time to take what was written, or takes that time limit off. */
  watchWriting(stalled: boolean): void;
  /** Closes the connection, unless the client has taken some of what was written since the last call. */
  cutUnlessProgressed(): void;
}

export class Departure {
  private readonly connection: Departing;
  /** Bytes that were thrown away. */
  private discarded = 0;
  /** When our direction has ended, in milliseconds of the worker's coarse clock; 0 before. */
  private endedMs = 0;

  constructor(connection: Departing) {
    this.connection = connection;
    connection.watchWriting(true);
  }

  /** Ends our direction and throws away what the client still sends. */
  linger(): void {
    const { connection } = this;
    const { transport } = connection;
    transport.end(() => {
      if (!transport.isOpen) return;
      connection.watchWriting(false);
      this.endedMs = connection.nowMs;
      connection.arm(GAP_MS);
    });
    transport.resume();
  }

  /** Ends the connection once everything is written. */
  leave(): void {
    this.connection.transport.close('drain');
  }

  /** Throws away `length` bytes of the client's, and closes the connection when they become too many. */
  onBytes(length: number): void {
    const { connection, endedMs } = this;
    this.discarded += length;
    if (this.discarded > MOST_BYTES) return connection.transport.close('now');
    if (endedMs === 0 || connection.draining) return;
    const leftMs = endedMs + LONGEST_MS - connection.nowMs;
    if (leftMs > GAP_MS) connection.arm(GAP_MS);
  }

  onTimeout(): void {
    this.connection.cutUnlessProgressed();
  }
}
