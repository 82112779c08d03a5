/**
 * workers/loop-delay.ts: measures how long bytes that arrive at this worker wait to be read. A timer fires late by the
 * rest of the turn of the event loop in which it fell due; an immediate that it sets runs after every socket that is
 * ready by then has been read. The time from when the timer was due until then is the longest wait of a byte that
 * arrived when it was due.
 */

/**
 * Time between samples: short enough to see the longest delay of a second, long enough to cost an idle worker nothing.
 */
const SAMPLE_MS = 50;

export class LoopDelay {
  /** The longest, the sum and the number of the samples since {@link take}. */
  private longestMs = 0;
  private sumMs = 0;
  private samples = 0;
  private dueMs = performance.now() + SAMPLE_MS;
  private wasDueMs = 0;
  private readonly onSample: (ms: number) => void;
  private readonly interval: NodeJS.Timeout;
  private turn: NodeJS.Immediate | undefined;

  /** Begins to sample. @param onSample called with each sample, in milliseconds */
  constructor(onSample: (ms: number) => void) {
    this.onSample = onSample;
    const sample = (): void => this.sample();
    this.interval = setInterval(() => {
      this.wasDueMs = this.dueMs;
      this.dueMs = performance.now() + SAMPLE_MS;
      this.turn = setImmediate(sample);
    }, SAMPLE_MS);
  }

  /** @returns mean and longest delay in milliseconds since the last call; 0 without a sample */
  take(): { readonly meanMs: number; readonly longestMs: number } {
    const taken = { meanMs: this.samples === 0 ? 0 : this.sumMs / this.samples, longestMs: this.longestMs };
    this.longestMs = 0;
    this.sumMs = 0;
    this.samples = 0;
    return taken;
  }

  stop(): void {
    clearInterval(this.interval);
    clearImmediate(this.turn);
  }

  private sample(): void {
    const ms = Math.max(0, performance.now() - this.wasDueMs);
    this.sumMs += ms;
    this.samples += 1;
    this.longestMs = Math.max(this.longestMs, ms);
    this.onSample(ms);
  }
}
