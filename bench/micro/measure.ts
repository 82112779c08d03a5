/** bench/micro/measure.ts: nanoseconds per call of code that is too fast to be timed call by call. */

const WARM_UP_MS = 50;
const BATCH_MS = 20;
const BATCHES = 9;

/** The last result of the measured code; exported so that the compiler cannot drop the calls as unused. */
export let sink: unknown;

/**
 * @returns the fastest of several batches: other work on the machine only ever adds time
 */
export function nanosecondsPerCall(call: () => unknown): number {
  const perBatch = Math.max(1, Math.round(callsWithin(call, WARM_UP_MS) * (BATCH_MS / WARM_UP_MS)));
  return Math.min(...Array.from({ length: BATCHES }, () => batch(call, perBatch) / perBatch));
}

function callsWithin(call: () => unknown, milliseconds: number): number {
  const end = performance.now() + milliseconds;
  let calls = 0;
  for (let size = 1; performance.now() < end; size *= 2) {
    batch(call, size);
    calls += size;
  }
  return calls;
}

/** @returns nanoseconds for `calls` calls */
function batch(call: () => unknown, calls: number): number {
  const start = process.hrtime.bigint();
  for (let i = 0; i < calls; i++) sink = call();
  return Number(process.hrtime.bigint() - start);
}
