/**
 * workers/backend-links.ts: a worker's connections to one backend, whatever they speak: the one place where a request
 * gets a connection that is open already, or a new one.
 */
import type { BackendReceiver, BackendStream } from './http/backend-stream.js';
import type { WorkerBackend } from './worker-backend.js';

/**
 * Which connection a request may get:
 * - `any`: also one that other requests share, where the pool allows that
 * - `alone`: one on which it waits for no other request
 * - `new`: one that opens for it, since those that are open already seem to be stale
 */
export type LinkChoice = 'any' | 'alone' | 'new';

export interface BackendLinks {
  /** Whether a request can be carried without opening a connection. */
  readonly hasRoom: boolean;
  /**
   * Finds a connection for the request of `receiver`. Calls none of the receiver's methods before it returns.
   * @returns the stream, open or opening; `undefined` if `receiver` gets it later, by `onAssigned` or `onOpen`
   */
  open(receiver: BackendReceiver, choice: LinkChoice): BackendStream | undefined;
  /** Gives up a request that has no stream yet. */
  forget(receiver: BackendReceiver): void;
  /** Closes all connections that carry no request. */
  closeIdle(): void;
  /** Closes the connection that has been idle for longest. @returns `false` when none is idle */
  closeOldestIdle(): boolean;
}

/** Makes the links to a backend; called once for each backend of a worker. */
export type LinksTo = (backend: WorkerBackend) => BackendLinks;
