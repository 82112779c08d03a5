/**
 * control/thread-prober.ts: probes on a thread of its own; this is the primary's side of it. Orders and answers cross
 * between the threads in batches.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { ProbeAnswer, ProbeOrder, ProbeResult, ProbeTask, ToProbes } from '../core/probe.js';
import type { BackendTlsMaterial } from '../core/secrets.js';

export interface Prober {
  /** Makes one probe. @throws {Error} when it could not be tried, which says nothing about the backend */
  probe(task: ProbeTask): Promise<ProbeResult>;
  /** Ends the thread; probes under way are rejected. */
  close(): Promise<void>;
}

/** @returns what is needed for TLS to backends, as it is now; the same object until it changes */
export type ReadBackendTls = () => BackendTlsMaterial | undefined;

/** Least time between two starts of the thread, in milliseconds; one that died is replaced. */
const RESTARTS_APART_MS = 1_000;

interface PendingProbe {
  resolve(result: ProbeResult): void;
  reject(error: Error): void;
}

export class ThreadProber implements Prober {
  readonly #threads: Piscina<{ port: MessagePort }, void>;
  /** Probes under way, by their number. */
  readonly #open = new Map<number, PendingProbe>();
  #count = 0;
  #batch: ProbeOrder[] = [];
  #flush: NodeJS.Immediate | undefined;
  /** The channel to the running thread. */
  #port: MessagePort | undefined;
  #startedAtMs = Number.NEGATIVE_INFINITY;
  readonly #backendTls: ReadBackendTls;
  /** What the running thread has of it. */
  #sentTls: BackendTlsMaterial | undefined;

  /** @param file path of the compiled task, absolute */
  constructor(file: string, backendTls: ReadBackendTls = () => undefined) {
    this.#backendTls = backendTls;
    this.#threads = new Piscina({
      filename: file,
      minThreads: 1,
      maxThreads: 1,
      // A thread that slept in Atomics.wait would not see its sockets.
      atomics: 'disabled',
      recordTiming: false,
    });
    // A thread that dies rejects its task; without a listener the event would end the process.
    this.#threads.on('error', () => {});
  }

  probe(task: ProbeTask): Promise<ProbeResult> {
    return new Promise((resolve, reject) => {
      const id = this.#count;
      this.#count += 1;
      this.#open.set(id, { resolve, reject });
      this.#batch.push({ id, task });
      // All of the scheduler's timers that are due fire before it, so their probes share a batch.
      this.#flush ??= setImmediate(() => this.#send());
    });
  }

  async close(): Promise<void> {
    clearImmediate(this.#flush);
    this.#flush = undefined;
    await this.#threads.destroy();
    this.#lose();
  }

  #send(): void {
    this.#flush = undefined;
    const orders = this.#batch;
    this.#batch = [];
    this.#port ??= this.#startThread();
    if (this.#port === undefined) this.#lose();
    else this.#post(this.#port, orders);
  }

  #post(port: MessagePort, orders: ProbeOrder[]): void {
    const send = (message: ToProbes) => port.postMessage(message);
    const material = this.#backendTls();
    if (material !== this.#sentTls) send({ type: 'tls', material });
    this.#sentTls = material;
    send({ type: 'orders', orders });
  }

  #startThread(): MessagePort | undefined {
    const nowMs = performance.now();
    if (nowMs - this.#startedAtMs < RESTARTS_APART_MS) return undefined;
    this.#startedAtMs = nowMs;
    this.#sentTls = undefined;
    const { port1, port2 } = new MessageChannel();
    port1.on('message', (answers: readonly ProbeAnswer[]) => this.#receive(answers));
    const ended = (): void => {
      port1.close();
      if (this.#port === port1) this.#port = undefined;
      this.#lose();
    };
    this.#threads.run({ port: port2 }, { transferList: [port2] }).then(ended, ended);
    return port1;
  }

  #receive(answers: readonly ProbeAnswer[]): void {
    for (const answer of answers) {
      const open = this.#open.get(answer.id);
      this.#open.delete(answer.id);
      if ('result' in answer) open?.resolve(answer.result);
      else open?.reject(new Error(answer.untried));
    }
  }

  /** Rejects all probes under way: their thread has ended. */
  #lose(): void {
    const open = [...this.#open.values()];
    this.#open.clear();
    for (const { reject } of open) reject(new Error('the thread that probes has ended'));
  }
}
