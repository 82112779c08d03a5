/**
 * control/supervisor.ts: keeps the wanted number of workers alive. A dead one is replaced at once, or after a growing
 * pause when it died young, so that a crash at start never becomes a fork storm. No worker outlives it.
 */
import { unreachable } from '../core/unreachable.js';
import type { ToPrimary } from '../messages.js';
import { listenError, StartError } from './errors.js';
import type { Journal } from './journal.js';
import type { ListenSocket } from './listen-socket.js';
import type { Logger } from './logger.js';
import { emptySlot, type Slot, vacate } from './slot.js';
import type { OpenChannel } from './worker-channel.js';
import { type WorkerEvents, type WorkerExit, WorkerProcess } from './worker-process.js';
import { WorkerStarts } from './worker-starts.js';

/** What a worker says beyond its own life and death. */
export type WorkerReport = Exclude<ToPrimary, { type: 'hello' | 'listening' | 'listen-failed' }>;

export interface SupervisorParts {
  readonly count: number;
  /** Starts a worker. */
  readonly open: OpenChannel;
  /** Whether a replacement can run beside the worker that it replaces; in one process it cannot. */
  readonly canReplace: boolean;
  readonly sockets: { readonly all: readonly ListenSocket[] };
  /** How long a replaced worker may take to finish, in milliseconds. */
  readonly drainMs: number;
  readonly logger: Logger;
  readonly journal: Journal;
  /** Gives a worker all it needs before it listens. */
  readonly welcome: (worker: WorkerProcess) => void;
  readonly report: (worker: WorkerProcess, report: WorkerReport) => void;
  /** It missed changes while it did not read, and reads again. */
  readonly caughtUp: (worker: WorkerProcess) => void;
  readonly left: (worker: WorkerProcess) => void;
}

/** Failed starts in a row per worker, with none listening, after which the balancer gives up. */
const HOPELESS_STARTS = 8;

export class Supervisor {
  /** Settles when no worker can be started any more. */
  readonly failed: Promise<Error>;
  /** Workers that had to be replaced because they died. */
  restarts = 0;
  readonly #parts: SupervisorParts;
  readonly #slots: Slot[];
  readonly #workers = new Set<WorkerProcess>();
  readonly #starts = new WorkerStarts();
  /** Those that know what there was to listen on when they came. */
  readonly #welcomed = new WeakSet<WorkerProcess>();
  #phase: 'starting' | 'running' | 'closing' = 'starting';
  #failedStarts = 0;
  #rolling: Promise<void> | undefined;
  /** Settles when the replacement under way has succeeded or failed. */
  #turn: Promise<unknown> = Promise.resolve();
  #fail: (error: Error) => void = () => {};

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
    this.#slots = Array.from({ length: parts.count }, (_, index) => emptySlot(index + 1));
    this.failed = new Promise((resolve) => {
      this.#fail = resolve;
    });
  }

  /** Every live process, those that drain included. */
  get workers(): ReadonlySet<WorkerProcess> {
    return this.#workers;
  }

  /**
   * Resolves once every worker listens on every socket.
   * @throws {StartError} when one cannot; no process is left then
   */
  async start(): Promise<void> {
    const problems = this.#slots.map(async (slot) => {
      const { worker, started } = this.#fork(slot.number);
      slot.worker = worker;
      const problem = await started;
      if (problem !== undefined) throw problem;
    });
    try {
      await Promise.all(problems);
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
      // One that listened may have died while others were still starting.
      if (worker !== undefined && !this.#workers.has(worker)) this.#replace(slot, await worker.gone);
    }
  }

  /**
   * Replaces every worker, one by one: the old one drains only when its replacement listens. A second call while one
   * is under way joins it.
   * @throws {StartError} when a replacement does not start; the old workers that are left go on
   */
  async roll(): Promise<void> {
    if (!this.#parts.canReplace) throw new StartError('There are no worker processes to replace: `workers` is 0');
    this.#rolling ??= this.#rollAll().finally(() => {
      this.#rolling = undefined;
    });
    return this.#rolling;
  }

  /**
   * Replaces one worker: it drains when its replacement listens. Settles when it is gone, and at once for one that has
   * been replaced already.
   * @throws {StartError} when the replacement does not start; the worker goes on
   */
  async replace(old: WorkerProcess): Promise<void> {
    const slot = this.#slots[old.slot - 1];
    if (slot?.worker !== old) return;
    await this.#rollOne(slot, old);
    if (old.state === 'draining') await old.gone;
  }

  /**
   * There are sockets more to listen on.
   * @returns settled when every worker listens on them, or is gone: one that cannot is replaced
   */
  async listen(sockets: readonly ListenSocket[]): Promise<void> {
    const told = [...this.#workers].filter((worker) => worker.state !== 'draining' && this.#welcomed.has(worker));
    const started = told.flatMap((worker) =>
      sockets.map(({ address, accept, handle }) => {
        const listening = this.#starts.expect(worker, address);
        worker.send({ type: 'listen', address, accept }, handle);
        return listening;
      }),
    );
    await Promise.all(started);
  }

  /** A socket is gone: what is open on it finishes its request. */
  unlisten({ address }: ListenSocket): void {
    for (const worker of this.#workers) {
      worker.send({ type: 'unlisten', address });
      // One that is just starting may not have listened there, and never will.
      this.#listening(worker, address);
    }
  }

  /** There are to be so many workers: those that are too many drain. */
  resize(count: number): void {
    while (this.#slots.length < count) {
      const slot = emptySlot(this.#slots.length + 1);
      this.#slots.push(slot);
      this.#refill(slot);
    }
    for (const { worker, successor, pause } of this.#slots.splice(count)) {
      clearTimeout(pause);
      for (const each of [worker, successor]) if (each !== undefined) each.drain(this.#parts.drainMs);
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

  #stopReplacing(): void {
    this.#phase = 'closing';
    for (const slot of this.#slots) clearTimeout(slot.pause);
  }

  /** Settles when every process is gone. */
  async allGone(): Promise<void> {
    await Promise.all([...this.#workers].map((worker) => worker.gone));
  }

  /** @throws {StartError} when the system cannot start another process */
  #fork(slot: number): { worker: WorkerProcess; started: Promise<StartError | undefined> } {
    const worker = this.#process(slot);
    this.#workers.add(worker);
    const addresses = this.#parts.sockets.all.map(({ address }) => address);
    const started = this.#starts.begin(worker, addresses);
    return { worker, started };
  }

  #process(slot: number): WorkerProcess {
    const events: WorkerEvents = {
      message: (worker, message) => this.#receive(worker, message),
      caughtUp: (worker) => this.#parts.caughtUp(worker),
      gone: (worker, exit) => this.#gone(worker, exit),
    };
    try {
      return new WorkerProcess(slot, this.#parts.open, events, this.#parts.logger);
    } catch (error) {
      throw new StartError(`Cannot start a worker process: ${error instanceof Error ? error.message : error}`);
    }
  }

  #receive(worker: WorkerProcess, message: ToPrimary): void {
    switch (message.type) {
      case 'hello':
        return this.#welcome(worker);
      case 'listening':
        return this.#listening(worker, message.address);
      case 'listen-failed':
        return this.#listenFailed(worker, message.address, message.code);
      case 'applied':
      case 'resync':
      case 'failing':
      case 'counters':
      case 'access-log':
      case 'borrow':
        return this.#parts.report(worker, message);
      default:
        return unreachable(message);
    }
  }

  #welcome(worker: WorkerProcess): void {
    this.#parts.welcome(worker);
    this.#welcomed.add(worker);
    for (const { address, accept, handle } of this.#parts.sockets.all) {
      worker.send({ type: 'listen', address, accept }, handle);
    }
  }

  #listening(worker: WorkerProcess, address: string): void {
    if (!this.#starts.hear(worker, address) || worker.state !== 'starting') return;
    worker.listens();
    this.#failedStarts = 0;
    this.#parts.logger.debug('worker listens', { worker: worker.slot, pid: worker.pid });
  }

  #listenFailed(worker: WorkerProcess, address: string, code: string): void {
    const problem = listenError(address, code);
    this.#parts.logger.debug('worker cannot listen', { worker: worker.slot, reason: problem.message });
    this.#starts.fail(worker, problem);
    worker.kill();
  }

  #gone(worker: WorkerProcess, exit: WorkerExit): void {
    this.#workers.delete(worker);
    this.#parts.left(worker);
    this.#starts.fail(worker, new StartError(`Worker ${worker.slot} ended before it listened: ${exit.how}`));
    if (worker.state === 'starting') this.#failedStarts += 1;
    if (this.#phase !== 'running') return;
    const slot = this.#slots[worker.slot - 1];
    if (worker.state === 'draining' || slot === undefined) return;
    if (slot.successor === worker) slot.successor = undefined;
    if (slot.worker === worker) this.#replace(slot, exit);
  }

  #replace(slot: Slot, exit: WorkerExit): void {
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
      this.#replace(slot, { how: String(error), livedMs: 0 });
    }
  }

  #isHopeless(): boolean {
    const someListen = [...this.#workers].some((worker) => worker.state === 'listening');
    return !someListen && this.#failedStarts >= HOPELESS_STARTS * this.#slots.length;
  }

  async #rollAll(): Promise<void> {
    for (const slot of this.#slots) {
      if (this.#phase !== 'running') return;
      // One that is not there yet will be of the new generation anyway.
      if (slot.worker?.state === 'listening') await this.#rollOne(slot, slot.worker);
    }
  }

  /** One at a time, whoever asks. */
  #rollOne(slot: Slot, old: WorkerProcess): Promise<void> {
    const done = this.#turn.then(() => this.#exchange(slot, old));
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async #exchange(slot: Slot, old: WorkerProcess): Promise<void> {
    if (this.#phase !== 'running' || slot.worker !== old) return;
    const { worker, started } = this.#fork(slot.number);
    slot.successor = worker;
    const problem = await started;
    if (this.#phase !== 'running') return;
    if (problem !== undefined) throw problem;
    // There may be fewer places by now.
    if (this.#slots[slot.number - 1] !== slot) return;
    this.#parts.journal.note('worker-replaced', { worker: slot.number, pid: worker.pid, replaced: old.pid });
    slot.worker = worker;
    slot.successor = undefined;
    if (this.#workers.has(old)) old.drain(this.#parts.drainMs);
  }
}
