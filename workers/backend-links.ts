/**
 * workers/backend-links.ts: a worker's connections to one backend, whatever they speak: the one place where a request
 * gets a connection that is open already, or a new one.
 */
import type { BackendReceiver, BackendStream } from './http/backend-stream.js';
import type { WorkerBackend } from './worker-backend.js';

/**
 * Which connection a request may get:
 * - `any`: where several may share one, it may be sent with others
 * - `alone`: one on which it waits for nobody
 * - `new`: one that was not open before, since those seem to be stale
 */
export type LinkChoice = 'any' | 'alone' | 'new';

export interface BackendLinks {
  /** A request can be carried without opening a connection. */
  readonly hasRoom: boolean;
  /**
   * Carries a request. Calls nothing of `receiver` before it returns.
   * @returns the stream, open or opening; `undefined` when `receiver` is told later by `onAssigned` or `onOpen`
   */
  open(receiver: BackendReceiver, choice: LinkChoice): BackendStream | undefined;
  /** `receiver`, which has been given no stream yet, wants none any more. */
  forget(receiver: BackendReceiver): void;
  /** Closes the connections that nobody uses. */
  closeIdle(): void;
  /** Closes the one that was not used for longest. @returns `false` when all are in use */
  closeOldestIdle(): boolean;
}

/** Makes the connections to a backend; called once for each backend of a worker. */
export type LinksTo = (backend: WorkerBackend) => BackendLinks;
