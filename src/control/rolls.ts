/**
 * control/rolls.ts: replaces workers, one at a time and replacement first: all of them when an operator asks, one when
 * it is past a limit. Keeps how far the replacement of all is and how the last one ended, for whoever asks.
 */
import { StartError } from './errors.js';
import type { Logger } from './logger.js';
import type { Supervisor } from './supervisor.js';
import type { WorkerProcess } from './worker-process.js';

export interface RollView {
  readonly state: 'never' | 'running' | 'done' | 'failed';
  /** ISO 8601. */
  readonly began: string | null;
  readonly ended: string | null;
  /** How many workers are to be replaced, those that already were included. */
  readonly workers: number;
  readonly replaced: number;
  /** Why the roll failed; the workers that were not replaced go on. */
  readonly problem: string | null;
}

const NEVER: RollView = { state: 'never', began: null, ended: null, workers: 0, replaced: 0, problem: null };

export class Rolls {
  readonly #supervisor: Pick<Supervisor, 'exchange' | 'serving' | 'workers'>;
  /** Whether a replacement can run beside the worker that it replaces; in one process it cannot. */
  readonly #canReplace: boolean;
  readonly #logger: Logger;
  #last: RollView = NEVER;
  /** The workers that the roll under way replaces. */
  #old: readonly WorkerProcess[] = [];
  #rolling: Promise<void> | undefined;
  /** Settles when the exchange under way has succeeded or failed. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(supervisor: Pick<Supervisor, 'exchange' | 'serving' | 'workers'>, canReplace: boolean, logger: Logger) {
    this.#supervisor = supervisor;
    this.#canReplace = canReplace;
    this.#logger = logger;
  }

  get view(): RollView {
    return this.#last.state === 'running' ? { ...this.#last, replaced: this.#replaced } : this.#last;
  }

  /**
   * Replaces every worker, one by one. A call while a roll is under way joins it.
   * @throws {StartError} when a replacement does not start; the old workers that are left go on
   */
  roll(): Promise<void> {
    this.#rolling ??= this.#roll().finally(() => {
      this.#rolling = undefined;
    });
    return this.#rolling;
  }

  /**
   * Replaces one worker. Settles when it is gone, and at once for one that has been replaced already.
   * @throws {StartError} when the replacement does not start; the worker goes on
   */
  async replace(old: WorkerProcess): Promise<void> {
    if (!this.#supervisor.serving.includes(old)) return;
    await this.#exchange(old);
    if (old.state === 'draining') await old.gone;
  }

  async #roll(): Promise<void> {
    this.#old = this.#supervisor.serving.filter(({ state }) => state === 'listening');
    this.#last = { ...NEVER, state: 'running', began: now(), workers: this.#old.length };
    this.#logger.info('replacing the workers one by one', { workers: this.#old.length });
    try {
      if (!this.#canReplace) throw new StartError('There are no worker processes to replace: `workers` is 0');
      for (const worker of this.#old) await this.#exchange(worker);
      this.#end('done', null);
      this.#logger.info('workers replaced');
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#end('failed', reason);
      this.#logger.error('could not replace the workers', { reason });
      throw error;
    }
  }

  /** One exchange at a time, whoever asks. */
  #exchange(old: WorkerProcess): Promise<void> {
    const done = this.#turn.then(() => this.#supervisor.exchange(old));
    this.#turn = done.catch(() => undefined);
    return done;
  }

  #end(state: 'done' | 'failed', problem: string | null): void {
    this.#last = { ...this.#last, state, ended: now(), replaced: this.#replaced, problem };
    this.#old = [];
  }

  get #replaced(): number {
    const { workers } = this.#supervisor;
    return this.#old.filter((worker) => worker.state === 'draining' || !workers.has(worker)).length;
  }
}

function now(): string {
  return new Date().toISOString();
}
