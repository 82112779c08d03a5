/**
 * control/supervisor.ts: keeps the wanted number of workers alive. A dead one is replaced at once, or after a growing
 * pause when it died young, so that a crash at start never becomes a fork storm. No worker outlives it.
 */
import type { ToPrimary } from '../messages.js';
import { listenError, StartError } from './errors.js';
import type { Journal } from './journal.js';
import type { OpenListener } from './listen-sockets.js';
import type { Logger } from './logger.js';
import type { CurrentConfig } from './running-config.js';
import { emptySlot, type Slot, vacate } from './slot.js';
import type { OpenChannel } from './worker-channel.js';
import { WorkerListening } from './worker-listening.js';
import { type WorkerEvents, type WorkerExit, WorkerProcess } from './worker-process.js';

/** Everything a worker says that is not about its own start. */
export type WorkerReport = Exclude<ToPrimary, { type: 'hello' | 'listening' | 'listen-failed' }>;

/** Is told what workers do and say, each time in the turn in which it happens. */
export interface WorkerObserver {
  /** A worker has loaded its code: give it all it needs before it listens. */
  welcome(worker: WorkerProcess): void;
  /** @param workers every live worker */
  report(worker: WorkerProcess, report: WorkerReport, workers: ReadonlySet<WorkerProcess>): void;
  /** A worker missed changes while it did not read its messages, and reads again. */
  caughtUp(worker: WorkerProcess): void;
  /** A worker process is gone. */
  left(worker: WorkerProcess): void;
}

export interface SupervisorParts {
  /** How many workers there are to be. */
  readonly count: number;
  readonly open: OpenChannel;
  readonly sockets: { readonly all: readonly OpenListener[] };
  readonly config: CurrentConfig<'drain'>;
  readonly observer: WorkerObserver;
  readonly logger: Logger;
  readonly journal: Journal;
}

/** Failed starts in a row per worker, with none listening, after which the balancer gives up. */
const HOPELESS_STARTS = 8;

export class Supervisor {
  /** Settles when no worker can be started any more. */
  readonly failed: Promise<Error>;
  /** How many workers were replaced because they died. */
  restarts = 0;
  readonly #parts: SupervisorParts;
  readonly #slots: Slot[];
  readonly #workers = new Set<WorkerProcess>();
  readonly #listening: WorkerListening;
  #phase: 'starting' | 'running' | 'closing' = 'starting';
  #failedStarts = 0;
  #fail: (error: Error) => void = () => {};

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
    this.#listening = new WorkerListening(parts.sockets);
    this.#slots = Array.from({ length: parts.count }, (_, index) => emptySlot(index + 1));
    this.failed = new Promise((resolve) => {
      this.#fail = resolve;
    });
  }

  /** Every live process, draining ones included. */
  get workers(): ReadonlySet<WorkerProcess> {
    return this.#workers;
  }

  /** The worker of each slot; a slot whose worker has died has none until it is replaced. */
  get serving(): readonly WorkerProcess[] {
    return this.#slots.flatMap(({ worker }) => worker ?? []);
  }

  /**
   * Resolves once every worker listens on every socket.
   * @throws {StartError} when one cannot; no process is left then
   */
  async start(): Promise<void> {
    const starts = this.#slots.map(async (slot) => {
      const { worker, started } = this.#fork(slot.number);
      slot.worker = worker;
      const problem = await started;
      if (problem !== undefined) throw problem;
    });
    try {
      await Promise.all(starts);
    } catch (problem) {
      this.kill();
      await this.allGone();
      throw problem;
    }
    if (this.#phase === 'starting') await this.#run();
  }

  async #run(): Promise<void> {
    this.#phase = 'running';
    for (const slot of this.#slots) {
      const { worker } = slot;
      // A worker that listened may have died while others were still starting.
      if (worker !== undefined && !this.#workers.has(worker)) this.#replaceDead(slot, await worker.gone);
    }
  }

  /**
   * Starts a replacement for a worker, which drains once the replacement listens. Does nothing for a worker that has
   * been replaced already. Only one exchange may be under way at a time.
   * @throws {StartError} when the replacement does not start; the worker goes on
   */
  async exchange(old: WorkerProcess): Promise<void> {
    const slot = this.#slots[old.slot - 1];
    if (this.#phase !== 'running' || slot?.worker !== old) return;
    const { worker, started } = this.#fork(slot.number);
    slot.successor = worker;
    const problem = await started;
    if (this.#phase !== 'running') return;
    if (problem !== undefined) throw problem;
    // A reload may have taken the slot away meanwhile.
    if (this.#slots[slot.number - 1] !== slot) return;
    this.#parts.journal.note('worker-replaced', { worker: slot.number, pid: worker.pid, replaced: old.pid });
    slot.worker = worker;
    slot.successor = undefined;
    if (this.#workers.has(old)) old.drain(this.#drainMs);
  }

  /**
   * Has the workers accept on more listeners.
   * @returns settled when every worker listens on them, or is gone: one that cannot is replaced
   */
  listen(listeners: readonly OpenListener[]): Promise<void> {
    return this.#listening.add(listeners, this.#workers);
  }

  /** Has the workers accept nothing more on a listener; connections that are open on it finish their request. */
  unlisten({ config: { name }, socket: { address } }: OpenListener): void {
    for (const worker of this.#workers) {
      worker.send({ type: 'unlisten', name });
      // A worker that is just starting may not have listened there, and never will.
      this.#heard(worker, name, address);
    }
  }

  /** Changes how many workers there are to be; those that are too many drain. */
  resize(count: number): void {
    while (this.#slots.length < count) {
      const slot = emptySlot(this.#slots.length + 1);
      this.#slots.push(slot);
      this.#refill(slot);
    }
    for (const { worker, successor, pause } of this.#slots.splice(count)) {
      clearTimeout(pause);
      for (const each of [worker, successor]) if (each !== undefined) each.drain(this.#drainMs);
    }
  }

  /** Drains every worker and resolves when the last is gone. */
  async close(withinMs: number): Promise<void> {
    this.#stopReplacing();
    for (const worker of this.#workers) worker.drain(withinMs);
    await this.allGone();
  }

  /** Ends every worker at once. */
  kill(): void {
    this.#stopReplacing();
    for (const worker of this.#workers) worker.kill();
  }

  /** Settles when every process is gone. */
  async allGone(): Promise<void> {
    await Promise.all([...this.#workers].map((worker) => worker.gone));
  }

  get #drainMs(): number {
    return this.#parts.config.current.drain;
  }

  #stopReplacing(): void {
    this.#phase = 'closing';
    for (const slot of this.#slots) clearTimeout(slot.pause);
  }

  /** @throws {StartError} when the system cannot start another process */
  #fork(slot: number): { worker: WorkerProcess; started: Promise<StartError | undefined> } {
    const worker = this.#process(slot);
    this.#workers.add(worker);
    return { worker, started: this.#listening.begin(worker) };
  }

  #process(slot: number): WorkerProcess {
    const { open, observer, logger } = this.#parts;
    const events: WorkerEvents = {
      message: (worker, message) => this.#receive(worker, message),
      caughtUp: (worker) => observer.caughtUp(worker),
      gone: (worker, exit) => this.#gone(worker, exit),
    };
    try {
      return new WorkerProcess(slot, open, events, logger);
    } catch (error) {
      throw new StartError(`Cannot start a worker process: ${error instanceof Error ? error.message : error}`);
    }
  }

  #receive(worker: WorkerProcess, message: ToPrimary): void {
    switch (message.type) {
      case 'hello':
        this.#parts.observer.welcome(worker);
        return this.#listening.greet(worker);
      case 'listening':
        return this.#heard(worker, message.name, message.address);
      case 'listen-failed':
        return this.#listenFailed(worker, message.address, message.code);
      default:
        return this.#parts.observer.report(worker, message, this.#workers);
    }
  }

  #heard(worker: WorkerProcess, name: string, address: string): void {
    if (!this.#listening.heard(worker, name, address) || worker.state !== 'starting') return;
    worker.listens();
    this.#failedStarts = 0;
    this.#parts.logger.debug('worker listens', { worker: worker.slot, pid: worker.pid });
  }

  #listenFailed(worker: WorkerProcess, address: string, code: string): void {
    const problem = listenError(address, code);
    this.#parts.logger.debug('worker cannot listen', { worker: worker.slot, reason: problem.message });
    this.#listening.fail(worker, problem);
    worker.kill();
  }

  #gone(worker: WorkerProcess, exit: WorkerExit): void {
    this.#workers.delete(worker);
    this.#parts.observer.left(worker);
    this.#listening.fail(worker, new StartError(`Worker ${worker.slot} ended before it listened: ${exit.how}`));
    if (worker.state === 'starting') this.#failedStarts += 1;
    if (this.#phase !== 'running') return;
    const slot = this.#slots[worker.slot - 1];
    if (worker.state === 'draining' || slot === undefined) return;
    if (slot.successor === worker) slot.successor = undefined;
    if (slot.worker === worker) this.#replaceDead(slot, exit);
  }

  #replaceDead(slot: Slot, exit: WorkerExit): void {
    const pid = slot.worker?.pid;
    const pauseMs = vacate(slot, exit.livedMs);
    this.restarts += 1;
    this.#parts.journal.note('worker-died', { worker: slot.number, pid, reason: exit.how, replacedInMs: pauseMs });
    if (this.#isHopeless()) {
      this.#fail(new Error(`No worker can start any more; the last one ended with ${exit.how}`));
    } else if (slot.worker === undefined) {
      slot.pause = setTimeout(() => this.#refill(slot), pauseMs);
    }
  }

  #refill(slot: Slot): void {
    try {
      slot.worker = this.#fork(slot.number).worker;
    } catch (error) {
      this.#failedStarts += 1;
      this.#replaceDead(slot, { how: String(error), livedMs: 0 });
    }
  }

  #isHopeless(): boolean {
    const someListen = [...this.#workers].some((worker) => worker.state === 'listening');
    return !someListen && this.#failedStarts >= HOPELESS_STARTS * this.#slots.length;
  }
}
