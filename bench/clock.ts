/** bench/clock.ts: one clock for load, backends and faults, which run in processes of their own. */

const OFFSET_MS = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** @returns milliseconds on the machine's monotonic clock, the same in every process */
export function machineMs(): number {
  return OFFSET_MS + performance.now();
}
