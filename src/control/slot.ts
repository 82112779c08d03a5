/**
 * control/slot.ts: a worker's place among the workers. Processes come and go; the place keeps its number, and
 * remembers how often one died young there, so that a crash at start never becomes a fork storm.
 */
import type { WorkerProcess } from './worker-process.js';

/** A worker that listened for less than this, or never did, died young. */
const YOUNG_MS = 5_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

export interface Slot {
  /** From 1. */
  readonly number: number;
  worker: WorkerProcess | undefined;
  /** Started by a roll, not listening yet. */
  successor: WorkerProcess | undefined;
  youngDeaths: number;
  pause: NodeJS.Timeout | undefined;
}

export function emptySlot(number: number): Slot {
  return { number, worker: undefined, successor: undefined, youngDeaths: 0, pause: undefined };
}

/** Its worker died: the successor, if there is one, takes the place. @returns milliseconds to wait with a replacement */
export function vacate(slot: Slot, livedMs: number): number {
  slot.youngDeaths = livedMs < YOUNG_MS ? slot.youngDeaths + 1 : 0;
  slot.worker = slot.successor;
  slot.successor = undefined;
  return pauseAfter(slot.youngDeaths);
}

/** @returns milliseconds to wait before the `youngDeaths`-th replacement in a row, 1-based */
export function pauseAfter(youngDeaths: number): number {
  return youngDeaths === 0 ? 0 : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (youngDeaths - 1));
}
