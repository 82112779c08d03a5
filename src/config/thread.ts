/**
 * config/thread.ts: runs a program on a thread of its own, within bounds of time and memory: what comes out of a file
 * may take any of both, and the process that serves goes on meanwhile.
 */
import { Worker } from 'node:worker_threads';

export interface ThreadBounds {
  /** Time limit in milliseconds; the thread is ended then, whatever it does. */
  readonly withinMs: number;
  /** Most memory for its values, in MiB. */
  readonly memoryMiB: number;
}

/** Why a thread has given no outcome. */
export type ThreadFailure =
  | { readonly kind: 'late' }
  | { readonly kind: 'memory' }
  /** It has ended by itself. */
  | { readonly kind: 'ended' }
  | { readonly kind: 'threw'; readonly message: string };

/** The thread has given no outcome; `failure` says why. */
export class ThreadError extends Error {
  override readonly name = 'ThreadError';
  readonly failure: ThreadFailure;

  constructor(failure: ThreadFailure) {
    super(`A thread gave no outcome: ${failure.kind}`);
    this.failure = failure;
  }
}

/**
 * @param program path of the compiled program, absolute; it sends one message of type `Outcome`
 * @param data what the program finds in `workerData`
 * @throws {ThreadError} when no message comes
 */
export function outcomeOf<Outcome>(program: string, data: unknown, bounds: ThreadBounds): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const resourceLimits = { maxOldGenerationSizeMb: bounds.memoryMiB };
    const thread = new Worker(program, { workerData: data, resourceLimits });
    const end = (): void => {
      clearTimeout(tooLate);
      void thread.terminate();
    };
    const fail = (failure: ThreadFailure): void => {
      reject(new ThreadError(failure));
      end();
    };
    // Ends the thread as well: one in an endless loop would keep a core busy for as long as the balancer runs.
    const tooLate = setTimeout(() => fail({ kind: 'late' }), bounds.withinMs);
    thread.once('message', (outcome: Outcome) => {
      resolve(outcome);
      end();
    });
    thread.once('error', (error: NodeJS.ErrnoException) => {
      const isMemory = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
      fail(isMemory ? { kind: 'memory' } : { kind: 'threw', message: error.message });
    });
    // The first of these events settles the promise; an exit before the others means that the thread ended itself.
    thread.once('exit', () => fail({ kind: 'ended' }));
  });
}
