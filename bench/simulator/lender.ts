/** simulator/lender.ts: lends permits to the simulated workers, with the ledger of the real primary. */

import { permitSubject } from '../../src/core/permit-keys.js';
import { PermitLedger, type PermitOrders } from '../../src/core/permit-ledger.js';
import { Permits } from '../../workers/permits.js';
import type { TimerWheel } from '../../workers/timer-wheel.js';
import type { SimulatedPrimary } from './primary.js';
import type { VirtualClock } from './virtual-clock.js';

/** Time that a message takes between primary and worker. */
const MESSAGE_MS = 0.1;
/** Time between two calls of a worker's `tick`, as in workers/worker.ts. */
const TICK_MS = 1_000;

export class SimulatedLender {
  readonly #clock: VirtualClock;
  readonly #ledger: PermitLedger;
  readonly #workers = new Map<number, Permits>();

  constructor(primary: SimulatedPrimary, clock: VirtualClock) {
    this.#clock = clock;
    this.#ledger = new PermitLedger((key) => {
      const subject = permitSubject(key);
      const { backends } = primary.snapshot;
      if (subject?.kind !== 'backend') return 0;
      return backends.find(({ id }) => id === subject.id)?.maxConnections ?? 0;
    });
  }

  /** @returns the permits of the worker of that id */
  join(id: number, wheel: TimerWheel): Permits {
    const permits = new Permits(wheel, {
      isReady: true,
      send: (reports) => this.#clock.after(MESSAGE_MS, () => this.#deliver(this.#ledger.report(id, reports))),
      soon: (flush) => this.#clock.after(0, flush),
    });
    const tick = (): void => {
      permits.tick();
      this.#clock.after(TICK_MS, tick);
    };
    this.#clock.after(TICK_MS, tick);
    this.#workers.set(id, permits);
    return permits;
  }

  #deliver(orders: PermitOrders): void {
    for (const [id, list] of orders) this.#clock.after(MESSAGE_MS, () => this.#workers.get(id)?.receive(list));
  }
}
