/**
 * workers/timer-wheel.ts: every timeout of a worker on one coarse clock. Arming is a field write in the usual case,
 * so a timeout per request costs nothing; the price is that one fires up to two ticks late, and never early. While the
 * process stands still (a frozen machine, SIGSTOP) so does the clock, or it would call late all that waits to be read.
 * Source: Varghese and Lauck, "Hashed and Hierarchical Timing Wheels", SOSP 1987 (scheme 6).
 */

const SLOTS = 1_024;
/** Of a longer standstill no more than so many ticks count; what is armed right behind it may fire one of them early. */
const LONGEST_STEP = 2;

/** One owner's only timer. Intrusive: it is its own list node. */
export class WheelTimer {
  /** Milliseconds on the wheel's clock; 0 when disarmed. */
  deadline = 0;
  /** Tick of the slot it hangs in; -1 when in none. Not after the deadline's tick. */
  tick = -1;
  previous: WheelTimer | undefined;
  next: WheelTimer | undefined;
  readonly owner: { onTimeout(): void };

  constructor(owner: { onTimeout(): void }) {
    this.owner = owner;
  }
}

export class TimerWheel {
  /** Milliseconds as of the last tick, those left out in which the process stood still. */
  now: number;
  private readonly tickMs: number;
  private readonly clock: () => number;
  private readonly slots: (WheelTimer | undefined)[] = new Array<undefined>(SLOTS).fill(undefined);
  private current: number;
  /** What the clock said at the last tick. */
  private clockMs: number;
  private interval: NodeJS.Timeout | undefined;
  private turn: NodeJS.Immediate | undefined;
  private readonly sleeps: boolean;
  /** Timers that hang in a slot. */
  private linked = 0;

  /**
   * @param clock monotonic milliseconds
   * @param idle what it does while no timer is armed; one that sleeps need not be started
   */
  constructor(tickMs: number, clock: () => number, idle: 'ticks' | 'sleeps' = 'ticks') {
    this.tickMs = tickMs;
    this.clock = clock;
    this.sleeps = idle === 'sleeps';
    this.clockMs = clock();
    this.now = this.clockMs;
    this.current = this.tickAt(this.now);
  }

  /** Begins to tick. Node runs immediates after it has read from its sockets: what has arrived is never called late. */
  start(): void {
    const advance = (): void => this.advance();
    this.interval ??= setInterval(() => {
      this.turn = setImmediate(advance);
    }, this.tickMs);
  }

  stop(): void {
    clearImmediate(this.turn);
    clearInterval(this.interval);
    this.interval = undefined;
  }

  /** Fires `timer` once, `ms` from now; 0 disarms it. */
  arm(timer: WheelTimer, ms: number): void {
    if (ms === 0) {
      timer.deadline = 0;
      return;
    }
    if (this.sleeps && this.interval === undefined) this.wake();
    // `now` may be a tick old, so a tick is added: late is allowed, early is not.
    timer.deadline = this.now + ms + this.tickMs;
    if (timer.tick >= 0 && timer.tick <= this.tickAt(timer.deadline)) return; // found too early there and moved on
    this.unlink(timer);
    this.link(timer);
  }

  /** Lets go of `timer` for good; its owner is closing. */
  drop(timer: WheelTimer): void {
    timer.deadline = 0;
    this.unlink(timer);
  }

  /** Runs everything that is due. Public for tests, which bring their own clock. */
  advance(): void {
    const clockMs = this.clock();
    this.now += Math.min(clockMs - this.clockMs, LONGEST_STEP * this.tickMs);
    this.clockMs = clockMs;
    const target = this.tickAt(this.now);
    while (this.current < target) {
      this.current += 1;
      this.runSlot(this.current % SLOTS);
    }
    if (this.sleeps && this.linked === 0) this.stop();
  }

  /** The time that it has slept through does not count. */
  private wake(): void {
    this.clockMs = this.clock();
    this.start();
  }

  private runSlot(slot: number): void {
    // Always the head: what fires may drop its neighbours. Nothing is linked here meanwhile, links go ahead only.
    for (let timer = this.slots[slot]; timer !== undefined; timer = this.slots[slot]) {
      this.unlink(timer);
      if (timer.deadline > this.now) this.link(timer);
      else if (timer.deadline !== 0) {
        timer.deadline = 0;
        timer.owner.onTimeout();
      }
    }
  }

  private tickAt(ms: number): number {
    return Math.floor(ms / this.tickMs);
  }

  private link(timer: WheelTimer): void {
    const ahead = Math.min(Math.max(this.tickAt(timer.deadline) - this.current, 1), SLOTS - 1);
    timer.tick = this.current + ahead;
    this.linked += 1;
    const slot = timer.tick % SLOTS;
    const first = this.slots[slot];
    timer.next = first;
    if (first !== undefined) first.previous = timer;
    this.slots[slot] = timer;
  }

  private unlink(timer: WheelTimer): void {
    if (timer.tick < 0) return;
    this.linked -= 1;
    const slot = timer.tick % SLOTS;
    if (timer.previous !== undefined) timer.previous.next = timer.next;
    else if (this.slots[slot] === timer) this.slots[slot] = timer.next;
    if (timer.next !== undefined) timer.next.previous = timer.previous;
    timer.previous = undefined;
    timer.next = undefined;
    timer.tick = -1;
  }
}
