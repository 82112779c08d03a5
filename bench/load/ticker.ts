/**
 * bench/load/ticker.ts: a timer that may be finer than a millisecond, the least of Node's own, within which dozens of
 * requests would pile up and leave at once. A finer one is a thread that wakes its parent.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

/** Calls `tick` every `intervalMs`. @returns ends the timer */
export function everyMs(intervalMs: number, tick: () => void): () => void {
  if (intervalMs >= 1) {
    const timer = setInterval(tick, intervalMs);
    return () => clearInterval(timer);
  }
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
