/**
 * workers/loop-delay.ts: how long what arrives at this worker waits until its event loop gets to it. A timer comes late
 * by the rest of the turn in which it fell due; an immediate that it sets runs when every socket that is ready by then
 * has been read. From when the timer was due until then is the longest that a byte waited which arrived at that moment.
 */

/** In milliseconds: often enough to see a second's worst, rare enough to cost an idle worker nothing. */
const SAMPLE_MS = 50;

export class LoopDelay {
  /** Of the samples since {@link take}. */
  private longestMs = 0;
  private sumMs = 0;
  private samples = 0;
  private dueMs = performance.now() + SAMPLE_MS;
  private wasDueMs = 0;
  private readonly onSample: (ms: number) => void;
  private readonly interval: NodeJS.Timeout;
  private turn: NodeJS.Immediate | undefined;

  /** Begins to sample. @param onSample told of each, in milliseconds */
  constructor(onSample: (ms: number) => void) {
    this.onSample = onSample;
    const sample = (): void => this.sample();
    this.interval = setInterval(() => {
      this.wasDueMs = this.dueMs;
      this.dueMs = performance.now() + SAMPLE_MS;
      this.turn = setImmediate(sample);
    }, SAMPLE_MS);
  }

  /** @returns milliseconds, of the time since the last call; zero when there was no sample */
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
