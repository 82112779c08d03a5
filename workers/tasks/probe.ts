/**
 * workers/tasks/probe.ts: the piscina task that makes the primary's probes on a thread, so that slow handshakes and
 * answers never delay the control loop. It runs as long as its port is open. Orders and answers travel in batches: at a
 * thousand probes a second a message for each would cost as much as the probe.
 */
import type { MessagePort } from 'node:worker_threads';
import type { ProbeAnswer, ProbeOrder } from '../../src/core/probe.js';
import { openFileLimit } from '../open-files.js';
import { ProbeAttempt } from './attempt.js';

/** Time for which an answer waits for others to be sent with. */
const BATCH_MS = 10;
/** Most probes under way at once; each needs a socket of the primary process. Even slow backends need fewer. */
const MOST_OPEN = 2_000;
/** Share of the primary's file descriptors that probes may use. */
const SHARE_OF_FILES = 0.4;

/**
 * Makes probes until the port closes.
 * @param port receives lists of {@link ProbeOrder} and sends lists of {@link ProbeAnswer}
 * @returns a promise that settles once the port closes
 */
export default function serve({ port }: { readonly port: MessagePort }): Promise<void> {
  const queue = new ProbeQueue(port, Math.min(MOST_OPEN, Math.floor(openFileLimit() * SHARE_OF_FILES)));
  port.on('message', (orders: readonly ProbeOrder[]) => queue.add(orders));
  return new Promise((resolve) => port.once('close', resolve));
}

/** Makes probes, a limited number at a time, and sends their answers in batches. */
class ProbeQueue {
  readonly #port: MessagePort;
  readonly #mostOpen: number;
  /** Orders not begun yet, oldest first; at most one per backend, since the primary sends one at a time. */
  #waiting: ProbeOrder[] = [];
  #open = 0;
  #answers: ProbeAnswer[] = [];

  constructor(port: MessagePort, mostOpen: number) {
    this.#port = port;
    this.#mostOpen = mostOpen;
  }

  add(orders: readonly ProbeOrder[]): void {
    this.#waiting = this.#waiting.concat(orders);
    this.#begin();
  }

  #begin(): void {
    const next = this.#waiting.splice(0, this.#mostOpen - this.#open);
    this.#open += next.length;
    for (const { id, task } of next) {
      new ProbeAttempt(task, {
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
