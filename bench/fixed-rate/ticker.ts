/**
 * bench/fixed-rate/ticker.ts: a thread that wakes its parent every so often. Node's own timers know no less than a
 * millisecond, within which dozens of requests would pile up and leave at once.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

/** @returns ends the thread */
export function everyMs(intervalMs: number, tick: () => void): () => void {
  const thread = new Worker(new URL(import.meta.url), { workerData: intervalMs });
  thread.on('message', tick);
  return () => void thread.terminate();
}

if (!isMainThread) {
  const never = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    Atomics.wait(never, 0, 0, workerData);
    parentPort?.postMessage(undefined);
  }
}
