/**
 * control/worker-channel.ts: the channel between the primary and one worker, which is a process of its own or runs in
 * this one.
 */
import type { SendHandle } from 'node:child_process';
import type { ToWorker } from '../messages.js';

export interface WorkerChannel {
  /** Process id of the worker; `undefined` when its process could not be started. */
  readonly pid: number | undefined;
  /** Whether messages can still be sent. */
  readonly connected: boolean;
  /** Sends a message. @param done called when the worker has read it, or will never read it */
  send(message: ToWorker, handle: SendHandle | undefined, done: (error: Error | null) => void): void;
  /** Ends the worker at once. */
  kill(): void;
}

/** What comes from a worker. The first call comes after the turn in which the channel was opened. */
export interface ChannelEvents {
  message(raw: unknown): void;
  /** No message can be sent any more. */
  lost(): void;
  /** The channel had a problem; the worker goes on. */
  failed(reason: string): void;
  /** The worker has ended; called once. @param how in words: `exit code 1`, `signal SIGKILL` */
  gone(how: string): void;
}

/** Starts a worker. @throws {Error} when the system cannot start another process */
export type OpenChannel = (events: ChannelEvents) => WorkerChannel;
