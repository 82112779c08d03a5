/**
 * test/support/held-clock.ts: the clock of a worker under test. It stands still until the test lets time pass: a timeout
 * of five seconds costs a test a few milliseconds, and a slow machine brings none about too early.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { TimerWheel } from '../../workers/timer-wheel.js';
import { LONGEST_MS } from './eventually.js';

/** Milliseconds of one step: two ticks of the finest wheel, which takes a longer step for a standstill and cuts it. */
const STEP_MS = 10;
/** Turns of the event loop after which every socket of this process has been polled once. */
const POLLED = 2;
/** Turns in which bytes under way get from a client through the worker to a backend, and an answer back. */
const SETTLED = 12;

export class HeldClock {
  private ms = 1_000_000;
  readonly now = (): number => this.ms;

  /** Lets bytes that were sent arrive, then `ms` milliseconds pass, then the timers that fell due take effect. */
  async pass(ms: number, wheels: readonly TimerWheel[]): Promise<void> {
    await turns(SETTLED);
    for (let left = ms; left > 0; left -= STEP_MS) await this.step(Math.min(left, STEP_MS), wheels);
    await turns(SETTLED);
  }

  /**
   * Lets time pass until `awaited` settles, a hundred times as fast as it does.
   * @param awaited something that the worker does by itself after some time
   */
  async passUntil<T>(awaited: Promise<T>, wheels: readonly TimerWheel[]): Promise<T> {
    let pending = true;
    const settled = awaited.finally(() => {
      pending = false;
    });
    settled.catch(() => {}); // it is awaited below
    const deadline = performance.now() + LONGEST_MS;
    while (pending && performance.now() < deadline) await this.step(STEP_MS, wheels);
    if (pending) throw new Error(`Not within ${LONGEST_MS / 1_000} s, however fast time passed`);
    return settled;
  }

  private async step(ms: number, wheels: readonly TimerWheel[]): Promise<void> {
    this.ms += ms;
    for (const wheel of wheels) wheel.advance();
    await turns(POLLED);
  }
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await nextTurn();
}
