/**
 * workers/http/h1/departure.ts: ends a client's connection. While its last answer is on the way, what the client still
 * sends is read and thrown away: closing at once would reset the connection and could destroy that answer (RFC 9112
 * section 9.6).
 */
import type { Transport } from '../../transport.js';

/** How long a client may go on sending after its last answer, in milliseconds. */
const LINGER_MS = 2_000;
/** How many bytes it may send meanwhile. */
const LINGER_BYTES = 1_048_576;

/** What a departure needs of its connection. */
export interface Departing {
  readonly transport: Transport;
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
      connection.arm(LINGER_MS);
    });
    transport.resume();
  }

  /** Ends the connection once everything is written. */
  leave(): void {
    this.connection.transport.close('drain');
  }

  /** Throws away `length` bytes of the client's, and closes the connection when they become too many. */
  onBytes(length: number): void {
    this.discarded += length;
    if (this.discarded > LINGER_BYTES) this.connection.transport.close('now');
  }

  onTimeout(): void {
    this.connection.cutUnlessProgressed();
  }
}
