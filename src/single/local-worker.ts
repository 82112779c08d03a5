/**
 * single/local-worker.ts: the worker of a balancer without worker processes. It runs on the primary's own thread,
 * behind a channel that behaves like one between processes, so that the primary treats it like any worker.
 */
import type { SendHandle } from 'node:child_process';
import { Worker } from '../../workers/worker.js';
import { completed } from '../config/packed-routes.js';
import type { ChannelEvents, WorkerChannel } from '../control/worker-channel.js';
import type { ToPrimary, ToWorker } from '../messages.js';

export class LocalWorker implements WorkerChannel {
  readonly pid = process.pid;
  connected = true;
  readonly #events: ChannelEvents;
  #worker: Worker | undefined;

  constructor(events: ChannelEvents) {
    this.#events = events;
    setImmediate(() => this.#say({ type: 'hello' }));
  }

  /** Delivers the message in a later turn, as between processes: a sender is never called back within its own call. */
  send(message: ToWorker, handle: SendHandle | undefined, done: (error: Error | null) => void): void {
    setImmediate(() => {
      if (this.connected) this.#receive(message, handle);
      done(null);
    });
  }

  kill(): void {
    if (this.#worker === undefined) this.#gone();
    else this.#worker.stop();
  }

  #receive(message: ToWorker, handle: SendHandle | undefined): void {
    if (message.type === 'start') this.#start(message);
    else this.#worker?.receive(message, handle);
  }

  #start(message: Extract<ToWorker, { type: 'start' }>): void {
    const { worker, snapshots, secrets } = message;
    const output = {
      send: (said: ToPrimary) => this.#say(said),
      // Messages never queue up: the primary handles each within the call.
      unread: () => 0,
      drained: () => this.#gone(),
    };
    this.#worker = new Worker(worker, completed(message), snapshots, output, secrets);
  }

  #say(message: ToPrimary): void {
    if (this.connected) this.#events.message(message);
  }

  #gone(): void {
    if (!this.connected) return;
    this.connected = false;
    this.#events.gone('the end of its work');
  }
}
