/** bench/faults/clock.ts: one clock for load, backends and faults, which run in processes of their own. */

/** @returns milliseconds on the machine's monotonic clock, the same in every process */
export function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
