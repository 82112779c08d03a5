/**
 * workers/tasks/probe.ts: the piscina task that makes the primary's probes on a thread, so that slow handshakes and
 * answers never delay the control loop. It runs as long as its port is open. Orders and answers travel in batches: at a
 * thousand probes a second a message for each would cost as much as the probe.
 */
import type { MessagePort } from 'node:worker_threads';
import type { ProbeAnswer, ProbeOrder, ProbeResult, ToProbes } from '../../src/core/probe.js';
import { unreachable } from '../../src/core/unreachable.js';
import { BackendTls } from '../backend-tls.js';
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
 * @param port receives {@link ToProbes} and sends lists of {@link ProbeAnswer}
 * @returns a promise that settles once the port closes
 */
export default function serve({ port }: { readonly port: MessagePort }): Promise<void> {
  const queue = new ProbeQueue(port, Math.min(MOST_OPEN, Math.floor(openFileLimit() * SHARE_OF_FILES)));
  port.on('message', (message: ToProbes) => queue.receive(message));
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
  readonly #backendTls = new BackendTls();

  constructor(port: MessagePort, mostOpen: number) {
    this.#port = port;
    this.#mostOpen = mostOpen;
  }

  receive(message: ToProbes): void {
    switch (message.type) {
      case 'orders':
        this.#waiting = this.#waiting.concat(message.orders);
        return this.#begin();
      case 'tls':
        this.#backendTls.use(message.material);
        return;
      default:
        return unreachable(message);
    }
  }

  #begin(): void {
    const next = this.#waiting.splice(0, this.#mostOpen - this.#open);
    this.#open += next.length;
    for (const { id, task } of next) {
      const events = {
        answered: (result: ProbeResult) => this.#answer({ id, result }),
        untried: (untried: string) => this.#answer({ id, untried }),
      };
      new ProbeAttempt(task, events, this.#backendTls);
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
