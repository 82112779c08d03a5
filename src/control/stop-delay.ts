/**
 * control/stop-delay.ts: the time between a stop that was asked for and its drain (`stopDelay`). The balancer is not
 * ready any more and serves as before, so that whatever sends clients here can send them elsewhere first.
 */
export class StopDelay {
  #over: Promise<void> | undefined;
  #end: () => void = () => {};

  /** Whether the delay has begun; it stays so after its end. */
  get hasBegun(): boolean {
    return this.#over !== undefined;
  }

  /** Begins the delay; a second call joins the first. @returns settled when it is over or skipped */
  begin(delayMs: number): Promise<void> {
    this.#over ??= new Promise((resolve) => {
      if (delayMs === 0) return resolve();
      const timer = setTimeout(resolve, delayMs);
      this.#end = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    return this.#over;
  }

  /** Ends the delay if it is under way. */
  skip(): void {
    this.#end();
  }
}
