/**
 * workers/http/h1/backend-links.ts: a worker's HTTP/1.1 connections to one backend: the idle ones, and the requests of
 * this turn that will share some (pipeline.ts).
 */
import type { BackendLinks, LinkChoice } from '../../backend-links.js';
import type { WorkerBackend } from '../../worker-backend.js';
import type { BackendReceiver, BackendStream } from '../backend-stream.js';
import type { HttpPool } from '../http-pool.js';
import { Http1BackendConnection } from './backend-connection.js';

/** A backend that closed a connection with requests on it gets one at a time for so long, in milliseconds. */
const ALONE_MS = 10_000;

export class Http1Links implements BackendLinks {
  readonly pool: HttpPool;
  readonly backend: WorkerBackend;
  /** Requests that will be sent at the end of this turn. */
  readonly turn: BackendReceiver[] = [];
  /** Until then, in milliseconds of the worker's coarse clock, a connection carries one request at a time. */
  aloneUntil = 0;
  /** Connections with no request on them; most recently used last. */
  readonly idle: Http1BackendConnection[] = [];

  constructor(pool: HttpPool, backend: WorkerBackend) {
    this.pool = pool;
    this.backend = backend;
  }

  get hasRoom(): boolean {
    return this.idle.length > 0;
  }

  open(receiver: BackendReceiver, choice: LinkChoice): BackendStream | undefined {
    const { pipeline } = this.pool;
    if (choice === 'any' && receiver.request.mayShare && pipeline !== undefined) {
      pipeline.add(this, receiver);
      return undefined;
    }
    return this.connectionFor(receiver, choice === 'new');
  }

  /** An idle connection for `receiver`, most recently used first, or one that begins to open. */
  connectionFor(receiver: BackendReceiver, fresh: boolean): Http1BackendConnection {
    const idle = fresh ? undefined : this.idle.pop();
    if (idle === undefined) return new Http1BackendConnection(this, receiver);
    idle.reuse(receiver);
    return idle;
  }

  forget(receiver: BackendReceiver): void {
    const at = this.turn.indexOf(receiver);
    if (at >= 0) this.turn.splice(at, 1);
  }

  /** The backend has closed a connection without answering all that was on it. */
  leaveAlone(): void {
    this.aloneUntil = this.pool.context.wheel.now + ALONE_MS;
  }

  /** Keeps a connection for the next request. @param moves the backend's when it was opened @returns `false` if it is not wanted */
  park(connection: Http1BackendConnection, moves: number): boolean {
    const { backend, idle, pool } = this;
    const isFull = idle.length >= pool.dispatch.config.idleConnections;
    if (!backend.keepsIdle || backend.moves !== moves || pool.context.draining || isFull) return false;
    idle.push(connection);
    return true;
  }

  /** A connection that was parked has closed. */
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
