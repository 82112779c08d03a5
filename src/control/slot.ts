/**
 * control/slot.ts: a slot that one worker process fills. Processes come and go; the slot keeps its number and counts how
 * often in a row a process died young in it, so that a crash at start never becomes a fork storm.
 */
import type { WorkerProcess } from './worker-process.js';

/** A worker that listened for less than this, or never did, died young; in milliseconds. */
const YOUNG_MS = 5_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

export interface Slot {
  /** 1-based; a replacement keeps the number. */
  readonly number: number;
  worker: WorkerProcess | undefined;
  /** The replacement of `worker`, started and not listening yet. */
  successor: WorkerProcess | undefined;
  /** Young deaths in a row. */
  youngDeaths: number;
  /** Runs until the next process is started. */
  pause: NodeJS.Timeout | undefined;
}

export function emptySlot(number: number): Slot {
  return { number, worker: undefined, successor: undefined, youngDeaths: 0, pause: undefined };
}

/** Takes a dead worker out of its slot; the successor, if there is one, becomes the worker. @returns {@link pauseAfter} */
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
