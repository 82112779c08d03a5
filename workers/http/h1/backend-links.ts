/**
 * workers/http/h1/backend-links.ts: a worker's HTTP/1.1 connections to one backend: takes an idle one or opens one, and
 * keeps the requests of this turn that will share some (pipeline.ts).
 */
import type { BackendLinks, LinkChoice } from '../../backend-links.js';
import type { WorkerBackend } from '../../worker-backend.js';
import type { BackendReceiver, BackendStream } from '../backend-stream.js';
import type { HttpPool } from '../http-pool.js';
import { Http1BackendConnection } from './backend-connection.js';

/** How long no requests share a connection after one with several on it has closed, in milliseconds. */
const ALONE_MS = 10_000;

export class Http1Links implements BackendLinks {
  readonly pool: HttpPool;
  readonly backend: WorkerBackend;
  /** Requests that will be sent at the end of this turn of the event loop. */
  readonly turn: BackendReceiver[] = [];
  /** When requests may share connections again, in milliseconds of the worker's coarse clock. */
  aloneUntil = 0;
  /** Connections that carry no request; the most recently used one is the last. */
  readonly idle: Http1BackendConnection[] = [];

  constructor(pool: HttpPool, backend: WorkerBackend) {
    this.pool = pool;
    this.backend = backend;
  }

  get hasRoom(): boolean {
    // A connection that has named its client is no room for others.
    return this.idle.length > 0 && this.pool.dispatch.config.proxyProtocol === undefined;
  }

  open(receiver: BackendReceiver, choice: LinkChoice): BackendStream | undefined {
    const { pipeline } = this.pool;
    if (choice === 'any' && receiver.request.mayShare && pipeline !== undefined) {
      pipeline.add(this, receiver);
      return undefined;
    }
    return this.connectionFor(receiver, choice === 'new');
  }

  /** @returns the most recently used idle connection, or one that begins to open */
  connectionFor(receiver: BackendReceiver, fresh: boolean): Http1BackendConnection {
    const idle = fresh ? undefined : this.takeIdle(receiver.request.opening);
    if (idle === undefined) return new Http1BackendConnection(this, receiver);
    idle.reuse(receiver);
    return idle;
  }

  /** @returns the most recently used idle connection that has begun with `opening` */
  private takeIdle(opening: string): Http1BackendConnection | undefined {
    const { idle } = this;
    if (idle.length === 0 || idle.at(-1)?.opening === opening) return idle.pop();
    const at = idle.findLastIndex((connection) => connection.opening === opening);
    return at < 0 ? undefined : idle.splice(at, 1)[0];
  }

  forget(receiver: BackendReceiver): void {
    const at = this.turn.indexOf(receiver);
    if (at >= 0) this.turn.splice(at, 1);
  }

  /** A connection has closed with requests waiting on it: none are shared for a while. */
  leaveAlone(): void {
    this.aloneUntil = this.pool.context.wheel.now + ALONE_MS;
  }

  /**
   * Keeps a connection for the next request.
   * @param moves {@link WorkerBackend.moves} when the connection was opened
   * @returns `false` if it is not wanted
   */
  park(connection: Http1BackendConnection, moves: number): boolean {
    const { backend, idle, pool } = this;
    const isFull = idle.length >= pool.dispatch.config.idleConnections;
    if (!backend.keepsIdle || backend.moves !== moves || pool.context.draining || isFull) return false;
    idle.push(connection);
    return true;
  }

  /** A connection that was idle has closed. */
  left(connection: Http1BackendConnection): void {
    const at = this.idle.indexOf(connection);
    if (at >= 0) this.idle.splice(at, 1);
  }

  closeIdle(): void {
    for (const connection of this.idle.splice(0)) connection.close();
  }

  closeOldestIdle(): boolean {
    const oldest = this.idle.shift();
    oldest?.close();
    return oldest !== undefined;
  }
}
