/** workers/access-log/connection-entry.ts: the content of the access log's line of a TCP connection. */
import type { Reason } from '../../src/core/reason.js';

/**
 * Why a TCP connection has ended: a side closed or reset it, nothing moved for too long, its backend was drained and the
 * time for that was over, or it got no backend, for one of the reasons that requests have as well.
 */
export type ConnectionEnd =
  | 'client-closed'
  | 'client-reset'
  | 'backend-closed'
  | 'backend-reset'
  | 'idle'
  | 'drained'
  | Reason;

/** Texts hold printable ASCII only, and need no escapes. Times are whole microseconds; -1 where there is none. */
export interface ConnectionEntry {
  /** When the connection ended, in epoch milliseconds. */
  readonly endedAt: number;
  /** IP address of the client; '' if it was gone before that could be read. */
  readonly client: string;
  /** IP address of the proxy that has named the client in a PROXY header; '' if none has. */
  readonly peer: string;
  /** Name of the listener. */
  readonly listener: string;
  /** The server name in the ClientHello, where it was read; '' otherwise. */
  readonly serverName: string;
  /** Bytes from the client, as far as they went to the backend. */
  readonly receivedBytes: number;
  /** Bytes to the client. */
  readonly sentBytes: number;
  readonly durationUs: number;
  /** Time to open the connection to the backend. */
  readonly connectUs: number;
  /** Name of the pool; '' if the connection was refused before it had one. */
  readonly pool: string;
  /** Id of the backend; '' if none was connected. */
  readonly backend: string;
  /** Backends that were tried. */
  readonly attempts: number;
  readonly ended: ConnectionEnd;
  /** What is wrong with the TLS of the last backend that was tried; '' where that is not why it ended. */
  readonly fault: string;
}
