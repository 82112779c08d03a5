/** control/worker-starts.ts: the workers that are still starting: each is done once it listens on every socket. */
import type { StartError } from './errors.js';
import type { WorkerProcess } from './worker-process.js';

/** One that is not listening by then never will. */
const START_WITHIN_MS = 30_000;

/** Where one start stands: settled with what went wrong, or with nothing. */
interface Start {
  readonly unheard: Set<string>;
  readonly settle: (problem: StartError | undefined) => void;
  readonly settled: Promise<StartError | undefined>;
}

export class WorkerStarts {
  readonly #starts = new Map<WorkerProcess, Start>();

  /**
   * @param addresses where it has to listen
   * @returns settled with why it could not, or with nothing once it does; one that takes too long is ended
   */
  begin(worker: WorkerProcess, addresses: readonly string[]): Promise<StartError | undefined> {
    let resolve: Start['settle'] = () => {};
    const settled = new Promise<StartError | undefined>((settle) => {
      resolve = settle;
    });
    const tooLate = setTimeout(() => worker.kill('did not listen in time'), START_WITHIN_MS);
    const settle = (problem: StartError | undefined): void => {
      clearTimeout(tooLate);
      this.#starts.delete(worker);
      resolve(problem);
    };
    this.#starts.set(worker, { unheard: new Set(addresses), settle, settled });
    return settled;
  }

  /** There is one more address, also for those that are starting. @returns as {@link begin} */
  expect(worker: WorkerProcess, address: string): Promise<StartError | undefined> {
    const start = this.#starts.get(worker);
    if (start === undefined) return this.begin(worker, [address]);
    start.unheard.add(address);
    return start.settled;
  }

  /** It listens on `address`. @returns whether that was the last one missing, and the start is settled now */
  hear(worker: WorkerProcess, address: string): boolean {
    const start = this.#starts.get(worker);
    start?.unheard.delete(address);
    if (start === undefined || start.unheard.size > 0) return false;
    start.settle(undefined);
    return true;
  }

  /** Does nothing for a worker that has started. */
  fail(worker: WorkerProcess, problem: StartError): void {
    this.#starts.get(worker)?.settle(problem);
  }
}
