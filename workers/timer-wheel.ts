/**
 * workers/timer-wheel.ts: the timeouts of a worker on one coarse clock. Arming a timer is a field write in the usual
 * case, so a timeout per request costs nothing; in return it fires up to two ticks late, and never early. The clock
 * stands still while the process does (a suspended machine, SIGSTOP): otherwise everything that has arrived meanwhile
 * would time out before it is read.
 * Source: Varghese and Lauck, "Hashed and Hierarchical Timing Wheels", SOSP 1987 (scheme 6).
 */

const SLOTS = 1_024;
/** Most ticks that a standstill counts as; a timer that is armed right after one may fire a tick early. */
const LONGEST_STEP = 2;

/** A timer of one owner. It is its own node in the list of a slot. */
export class WheelTimer {
  /** When it fires, in milliseconds of the wheel's clock; 0 if it is not armed. */
  deadline = 0;
  /** Tick of the slot that it is linked in, at or before that of the deadline; -1 if it is in none. */
  tick = -1;
  previous: WheelTimer | undefined;
  next: WheelTimer | undefined;
  readonly owner: { onTimeout(): void };

  constructor(owner: { onTimeout(): void }) {
    this.owner = owner;
  }
}

export class TimerWheel {
  /**
   * The wheel's clock, in milliseconds, as of the last tick; it does not count time in which the process stood still.
   */
  now: number;
  private readonly tickMs: number;
  private readonly clock: () => number;
  private readonly slots: (WheelTimer | undefined)[] = new Array<undefined>(SLOTS).fill(undefined);
  private current: number;
  /** The value of `clock` at the last tick. */
  private clockMs: number;
  private interval: NodeJS.Timeout | undefined;
  private turn: NodeJS.Immediate | undefined;
  private readonly sleeps: boolean;
  /** Number of timers that are linked in a slot. */
  private linked = 0;

  /**
   * @param clock returns monotonic milliseconds
   * @param idle what the wheel does while no timer is armed; one that sleeps starts itself when a timer is armed
   */
  constructor(tickMs: number, clock: () => number, idle: 'ticks' | 'sleeps' = 'ticks') {
    this.tickMs = tickMs;
    this.clock = clock;
    this.sleeps = idle === 'sleeps';
    this.clockMs = clock();
    this.now = this.clockMs;
    this.current = this.tickAt(this.now);
  }

  /**
   * Starts ticking. Timers run in an immediate, after Node has read its sockets, so that bytes that have arrived are
   * not late.
   */
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

  /** Makes `timer` fire once, in `ms` milliseconds; 0 disarms it. */
  arm(timer: WheelTimer, ms: number): void {
    if (ms === 0) {
      timer.deadline = 0;
      return;
    }
    if (this.sleeps && this.interval === undefined) this.wake();
    // `now` may be up to a tick old, so a tick is added: a timer may be late, not early.
    timer.deadline = this.now + ms + this.tickMs;
    if (timer.tick >= 0 && timer.tick <= this.tickAt(timer.deadline)) return; // its slot comes first; it is moved on then
    this.unlink(timer);
    this.link(timer);
  }

  /** Disarms `timer` and unlinks it, because its owner closes. */
  drop(timer: WheelTimer): void {
    timer.deadline = 0;
    this.unlink(timer);
  }

  /**
   * Advances the wheel to the current time and fires the timers that are due. Public for tests with a clock of their
   * own.
   */
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

  /** Starts a sleeping wheel; the time that it slept does not count. */
  private wake(): void {
    this.clockMs = this.clock();
    this.start();
  }

  private runSlot(slot: number): void {
    // Always the head, since a timer that fires may drop its neighbours. No timer is linked into this slot meanwhile:
    // `link` puts timers at least one tick ahead.
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
