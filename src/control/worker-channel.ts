/**
 * control/worker-channel.ts: the way between the primary and one worker, whether that is a process of its own or runs
 * in this one.
 */
import type { SendHandle } from 'node:child_process';
import type { ToWorker } from '../messages.js';

export interface WorkerChannel {
  /** `undefined` when the process could not be started. */
  readonly pid: number | undefined;
  /** Whether anything can still be said to it. */
  readonly connected: boolean;
  /** @param done called when it has read the message, or will never */
  send(message: ToWorker, handle: SendHandle | undefined, done: (error: Error | null) => void): void;
  /** Ends it at once. */
  kill(): void;
}

/** What comes from a worker's side; never before the turn in which the channel was opened is over. */
export interface ChannelEvents {
  message(raw: unknown): void;
  /** The worker can be told nothing any more. */
  lost(): void;
  /** The channel had a problem; the worker goes on. */
  failed(reason: string): void;
  /** Once. @param how in words: `exit code 1`, `signal SIGKILL` */
  gone(how: string): void;
}

/** Starts a worker. @throws {Error} when the system cannot */
export type OpenChannel = (events: ChannelEvents) => WorkerChannel;
