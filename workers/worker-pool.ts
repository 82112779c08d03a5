/** workers/worker-pool.ts: a pool as every protocol uses it. What HTTP needs beside it is that of `http/http-pool.ts`. */
import type { Dispatch } from './dispatch.js';
import type { WorkerContext } from './worker-context.js';

export interface WorkerPool {
  readonly name: string;
  readonly context: WorkerContext;
  readonly dispatch: Dispatch;
}
