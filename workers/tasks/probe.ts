/**
 * workers/tasks/probe.ts: the task of the primary's probe thread, so that slow handshakes and answers never delay the
 * control loop. It runs as long as its port is open: orders come in batches and answers leave in batches, for at a
 * thousand probes a second a message for each would cost as much as the probe.
 */
import type { MessagePort } from 'node:worker_threads';
import type { ProbeAnswer, ProbeOrder } from '../../src/core/probe.js';
import { openFileLimit } from '../open-files.js';
import { Attempt } from './attempt.js';

/** Answers wait so long for others, in milliseconds. */
const BATCH_MS = 10;
/** More at a time than the slowest backends need; each holds a socket of the process that also starts workers. */
const MOST_OPEN = 2_000;
const SHARE_OF_FILES = 0.4;

/** @param port gets {@link ProbeOrder}s and gives {@link ProbeAnswer}s, both in lists  @returns settled once it closes */
export default function serve({ port }: { readonly port: MessagePort }): Promise<void> {
  const thread = new ProbeThread(port, Math.min(MOST_OPEN, Math.floor(openFileLimit() * SHARE_OF_FILES)));
  port.on('message', (orders: readonly ProbeOrder[]) => thread.take(orders));
  return new Promise((resolve) => port.once('close', resolve));
}

class ProbeThread {
  readonly #port: MessagePort;
  readonly #mostOpen: number;
  /** Orders past `mostOpen`, oldest first; a backend has one at a time, so there are no more than backends. */
  #waiting: ProbeOrder[] = [];
  #open = 0;
  #answers: ProbeAnswer[] = [];

  constructor(port: MessagePort, mostOpen: number) {
    this.#port = port;
    this.#mostOpen = mostOpen;
  }

  take(orders: readonly ProbeOrder[]): void {
    this.#waiting = this.#waiting.concat(orders);
    this.#begin();
  }

  #begin(): void {
    const next = this.#waiting.splice(0, this.#mostOpen - this.#open);
    this.#open += next.length;
    for (const { id, task } of next) {
      new Attempt(task, {
        answered: (result) => this.#answer({ id, result }),
        untried: (untried) => this.#answer({ id, untried }),
      });
    }
  }

  #answer(answer: ProbeAnswer): void {
    this.#open -= 1;
    if (this.#answers.length === 0) setTimeout(() => this.#send(), BATCH_MS);
    this.#answers.push(answer);
  }

  #send(): void {
    const answers = this.#answers;
    this.#answers = [];
    this.#port.postMessage(answers);
    this.#begin();
  }
}
