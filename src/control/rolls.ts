/** control/rolls.ts: how far the replacement of all workers is, and how the last one ended, for whoever asked for it. */
import type { Logger } from './logger.js';
import type { Supervisor } from './supervisor.js';
import type { WorkerProcess } from './worker-process.js';

export interface RollView {
  readonly state: 'never' | 'running' | 'done' | 'failed';
  /** ISO 8601. */
  readonly began: string | null;
  readonly ended: string | null;
  /** Workers that are to be replaced, or were. */
  readonly workers: number;
  readonly replaced: number;
  /** Why it failed; the workers that were left go on. */
  readonly problem: string | null;
}

const NEVER: RollView = { state: 'never', began: null, ended: null, workers: 0, replaced: 0, problem: null };

export class Rolls {
  readonly #supervisor: Pick<Supervisor, 'roll' | 'workers'>;
  readonly #logger: Logger;
  #last: RollView = NEVER;
  /** Those that are to be replaced. */
  #old: readonly WorkerProcess[] = [];

  constructor(supervisor: Pick<Supervisor, 'roll' | 'workers'>, logger: Logger) {
    this.#supervisor = supervisor;
    this.#logger = logger;
  }

  get view(): RollView {
    return this.#last.state === 'running' ? { ...this.#last, replaced: this.#replaced } : this.#last;
  }

  /**
   * Replaces every worker, one by one. A call while one is under way joins it.
   * @throws {StartError} when a replacement does not start; the old workers that are left go on
   */
  async roll(): Promise<void> {
    const rolling = this.#supervisor.roll();
    if (this.#last.state === 'running') return rolling;
    this.#old = [...this.#supervisor.workers].filter(({ state }) => state === 'listening');
    this.#last = { ...NEVER, state: 'running', began: now(), workers: this.#old.length };
    this.#logger.info('replacing the workers one by one', { workers: this.#old.length });
    try {
      await rolling;
      this.#end('done', null);
      this.#logger.info('workers replaced');
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#end('failed', reason);
      this.#logger.error('could not replace the workers', { reason });
      throw error;
    }
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
