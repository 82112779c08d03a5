/**
 * workers/http/h1/departure.ts: the end of a client's connection. Its last answer is written, and what the client still
 * sends is thrown away, for a while: closing at once would reset the connection and could destroy that answer on its way
 * (RFC 9112 section 9.6).
 */
import type { Transport } from '../../transport.js';

/** How long, in milliseconds, and for how many bytes a client may go on sending after its last answer. */
const LINGER_MS = 2_000;
const LINGER_BYTES = 1_048_576;

/** What a departure needs of its connection. */
export interface Departing {
  readonly transport: Transport;
  /** Sets the connection's timer, in milliseconds; 0 for none. */
  arm(ms: number): void;
  /** Gives the client the configured time to take what was written. */
  watchWriting(stalled: boolean): void;
  /** Closes the connection, unless its client has taken something of what was written since last time. */
  cutUnlessProgressed(): void;
}

export class Departure {
  private readonly connection: Departing;
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

  onBytes(length: number): void {
    this.discarded += length;
    if (this.discarded > LINGER_BYTES) this.connection.transport.close('now');
  }

  onTimeout(): void {
    this.connection.cutUnlessProgressed();
  }
}
