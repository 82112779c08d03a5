/** workers/access-log/connection-record.ts: collects what the access log says about one TCP connection. */
import type { FilteredEntry } from '../../src/core/log-filter.js';
import type { Arrival } from '../inbound/arrival.js';
import type { AccessLog } from './access-log.js';
import type { ConnectionEnd, ConnectionEntry } from './connection-entry.js';

export class ConnectionRecord implements ConnectionEntry, FilteredEntry {
  readonly route = '';
  readonly status = 0;
  endedAt = 0;
  client = '';
  peer = '';
  listener = '';
  serverName = '';
  receivedBytes = 0;
  sentBytes = 0;
  durationUs = 0;
  connectUs = -1;
  pool = '';
  backend = '';
  attempts = 0;
  ended: ConnectionEnd = 'client-closed';
  fault = '';
  readonly log: AccessLog;
  private readonly beganMs: number;
  /** The reason that was given first. */
  private known: ConnectionEnd | undefined;

  /** @param beganMs when the connection was accepted, in milliseconds of `performance.now` */
  constructor(log: AccessLog, beganMs: number) {
    this.log = log;
    this.beganMs = beganMs;
  }

  get outcome(): ConnectionEnd {
    return this.ended;
  }

  /** A connection has no path. */
  isUnder(): boolean {
    return false;
  }

  /** The connection goes to `pool`; '' for one that is refused before it has a pool. */
  begins(arrival: Arrival, pool: string): void {
    const { address, peer, listener } = arrival;
    this.client = address;
    this.peer = peer === address ? '' : peer;
    this.listener = listener.settings.name;
    this.pool = pool;
  }

  /** The client has asked for a server. */
  names(serverName: string): void {
    this.serverName = serverName;
  }

  /** So many backends were tried in vain. @param fault what is wrong with the TLS of the last; '' for nothing */
  attempted(attempts: number, fault: string): void {
    this.attempts = attempts;
    this.fault = fault;
  }

  /** A backend is connected. @param connectMs how long that took */
  connected(backend: string, attempts: number, connectMs: number): void {
    this.backend = backend;
    this.attempts = attempts;
    this.connectUs = Math.round(connectMs * 1_000);
  }

  /** `bytes` more have come from the client. */
  received(bytes: number): void {
    this.receivedBytes += bytes;
  }

  /** `bytes` more have come from the backend. */
  sent(bytes: number): void {
    this.sentBytes += bytes;
  }

  /** Says why the connection is about to end, unless that is known already. */
  ends(why: ConnectionEnd): void {
    this.known ??= why;
  }

  /** Writes the line. @param nowMs of `performance.now` */
  write(why: ConnectionEnd, nowMs: number): void {
    this.ended = this.known ?? why;
    this.endedAt = this.log.epochMs(nowMs);
    this.durationUs = Math.round((nowMs - this.beganMs) * 1_000);
    this.log.writeConnection(this);
  }
}
