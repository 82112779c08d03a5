/**
 * test/core/permit-ledger.test.ts: no more permits are lent than the limit, whatever workers do, in whatever order messages
 * arrive, and none lies idle where another worker wants it.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { PermitLedger, type PermitOrder, type PermitOrders, type PermitReport } from '../../src/core/permit-ledger.js';
import type { LeaseUser, PermitLease } from '../../workers/permit-lease.js';
import { Permits } from '../../workers/permits.js';
import { TimerWheel } from '../../workers/timer-wheel.js';

const KEY = 'connections';

/** A worker with requests that each need one permit, and the two directions of its channel, which lose nothing. */
class Borrower implements LeaseUser {
  waiting = 0;
  readonly toPrimary: (readonly PermitReport[])[] = [];
  readonly toWorker: (readonly PermitOrder[])[] = [];
  readonly permits: Permits;
  readonly lease: PermitLease;
  private pending: (() => void) | undefined;

  constructor() {
    const output = {
      isReady: true,
      send: (reports: readonly PermitReport[]) => void this.toPrimary.push(reports),
      soon: (flush: () => void) => {
        this.pending = flush;
      },
    };
    this.permits = new Permits(new TimerWheel(100, () => 0), output);
    this.lease = this.permits.lease(KEY, this);
  }

  demand(): number {
    return this.waiting;
  }

  reserve(): number {
    return 1;
  }

  onPermits(): void {
    while (this.waiting > 0 && !this.lease.isFull) {
      this.waiting -= 1;
      this.lease.take();
    }
    if (this.waiting > 0) this.lease.ask();
  }

  arrive(): void {
    this.waiting += 1;
    this.onPermits();
  }

  finish(): void {
    if (this.lease.used === 0) return;
    this.lease.release();
    this.onPermits();
  }

  /** The end of a turn of the event loop. */
  endTurn(): void {
    const flush = this.pending;
    this.pending = undefined;
    flush?.();
  }
}

/** A primary and its workers. */
class Host {
  limit: number;
  readonly ledger = new PermitLedger(() => this.limit);
  readonly workers = new Map<number, Borrower>();
  /** Workers that are dead, whose connections may still be open until the primary learns of it. */
  readonly dying = new Map<number, Borrower>();
  private started = 0;

  constructor(limit: number, workers: number) {
    this.limit = limit;
    for (let i = 0; i < workers; i++) this.start();
  }

  start(): void {
    this.started += 1;
    this.workers.set(this.started, new Borrower());
  }

  at(index: number): [number, Borrower] | undefined {
    return [...this.workers][index % this.workers.size];
  }

  hear(id: number, worker: Borrower): void {
    const reports = worker.toPrimary.shift();
    if (reports !== undefined) this.tell(this.ledger.report(id, reports));
  }

  die(id: number, worker: Borrower): void {
    this.workers.delete(id);
    this.dying.set(id, worker);
  }

  bury(): void {
    const [first] = this.dying.keys();
    if (first === undefined) return;
    this.dying.delete(first);
    this.tell(this.ledger.leave(first));
  }

  setLimit(limit: number): void {
    this.limit = limit;
    this.tell(this.ledger.limitsChanged([KEY]));
  }

  get used(): number {
    return [...this.workers.values(), ...this.dying.values()].reduce((sum, { lease }) => sum + lease.used, 0);
  }

  /** Has everything that was said arrive. */
  settle(): void {
    while (this.dying.size > 0) this.bury();
    for (let round = 0; round < 1_000; round++) {
      for (const worker of this.workers.values()) worker.endTurn();
      const busy = [...this.workers].filter(([, each]) => each.toPrimary.length + each.toWorker.length > 0);
      if (busy.length === 0) return;
      for (const [id, worker] of busy) {
        this.hear(id, worker);
        const orders = worker.toWorker.shift();
        if (orders !== undefined) worker.permits.receive(orders);
      }
    }
    throw new Error('Primary and workers go on talking for ever');
  }

  private tell(orders: PermitOrders): void {
    const granted = [...orders.values()].flat().reduce((sum, order) => sum + order.granted, 0);
    if (granted > 0) expect(this.ledger.lent(KEY)).to.be.at.most(this.limit);
    for (const [id, list] of orders) this.workers.get(id)?.toWorker.push(list);
  }
}

const STEPS = [
  'arrive',
  'arrive',
  'finish',
  'end-turn',
  'hear',
  'obey',
  'tick',
  'die',
  'bury',
  'start',
  'limit',
] as const;
const step = fc.record({ kind: fc.constantFrom(...STEPS), who: fc.nat(7), limit: fc.integer({ min: 1, max: 12 }) });
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function play(host: Host, { kind, who, limit }: Step, changesLimit: boolean): void {
  const [id, worker] = host.at(who) ?? [];
  if (kind === 'bury') return host.bury();
  if (kind === 'start') return host.workers.size < 8 ? host.start() : undefined;
  if (kind === 'limit') return changesLimit ? host.setLimit(limit) : undefined;
  if (id === undefined || worker === undefined) return;
  switch (kind) {
    case 'arrive':
      return worker.arrive();
    case 'finish':
      return worker.finish();
    case 'end-turn':
      return worker.endTurn();
    case 'hear':
      return host.hear(id, worker);
    case 'tick':
      return worker.permits.tick();
    case 'die':
      return host.die(id, worker);
    case 'obey': {
      const orders = worker.toWorker.shift();
      if (orders !== undefined) worker.permits.receive(orders);
      return;
    }
  }
}

const steps = fc.array(step, { minLength: 1, maxLength: 400, size: 'max' });
const limits = fc.integer({ min: 1, max: 12 });
const workerCounts = fc.integer({ min: 1, max: 8 });

describe('A permit ledger', () => {
  it('never has more in use than the limit, whoever dies and in whatever order messages arrive', () => {
    fc.assert(
      fc.property(limits, workerCounts, steps, (limit, workers, all) => {
        const host = new Host(limit, workers);
        for (const each of all) {
          play(host, each, false);
          expect(host.used).to.be.at.most(limit);
          expect(host.ledger.lent(KEY)).to.be.at.most(limit);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('lends nothing above a limit that was lowered, and gets down to it as requests end', () => {
    fc.assert(
      fc.property(limits, workerCounts, steps, (limit, workers, all) => {
        // `Host.tell` checks every grant.
        const host = new Host(limit, workers);
        for (const each of all) play(host, each, true);
        host.settle();
        for (const worker of host.workers.values()) {
          worker.waiting = 0;
          while (worker.lease.used > 0) worker.finish();
        }
        host.settle();
        expect(host.ledger.lent(KEY)).to.be.at.most(host.limit);
      }),
      { numRuns: 400 },
    );
  });

  it('leaves no permit idle that a worker wants, and serves all who wait', () => {
    fc.assert(
      fc.property(limits, workerCounts, steps, fc.boolean(), (limit, workers, all, changesLimit) => {
        const host = new Host(limit, workers);
        for (const each of all) play(host, each, changesLimit);
        host.settle();
        const waiting = (): Borrower[] => [...host.workers.values()].filter((each) => each.waiting > 0);
        if (waiting().length > 0) expect(host.used).to.be.at.least(host.limit);
        for (let round = 0; round < 5_000 && waiting().length > 0; round++) {
          for (const worker of host.workers.values()) worker.finish();
          host.settle();
        }
        expect(waiting()).to.deep.equal([]);
      }),
      { numRuns: 200 },
    );
  });

  it('serves workers in turn when there are fewer permits than workers', () => {
    const host = new Host(1, 4);
    const workers = [...host.workers.values()];
    for (const worker of workers) for (let i = 0; i < 3; i++) worker.arrive();
    const served: number[] = [];
    for (let i = 0; i < 12; i++) {
      host.settle();
      const at = workers.findIndex(({ lease }) => lease.used === 1);
      served.push(at);
      workers[at]?.finish();
    }
    for (const turn of [0, 4, 8]) expect(new Set(served.slice(turn, turn + 4)).size).to.equal(4);
  });

  it('counts permits that were taken before there was a limit, and lends none until they are back', () => {
    const host = new Host(2, 2);
    const [first, second] = [...host.workers.values()];
    for (let i = 0; i < 3; i++) first?.lease.takeAnyway();
    second?.arrive();
    host.settle();
    expect([host.used, host.ledger.lent(KEY), second?.waiting]).to.deep.equal([3, 3, 1]);
    first?.finish();
    host.settle();
    expect([host.used, second?.waiting]).to.deep.equal([2, 1]);
    first?.finish();
    host.settle();
    expect([host.used, second?.waiting]).to.deep.equal([2, 0]);
  });

  it('has a worker count for itself what finds no room in the ledger', () => {
    const ledger = new PermitLedger(() => 3, 1);
    const want = (key: string) => [{ key, wanted: 1, returned: 0, taken: 0, heard: 0 }];
    ledger.report(1, want('a'));
    expect(ledger.report(1, want('b')).get(1)?.[0]).to.include({ granted: 3, answered: true });
    expect([ledger.size, ledger.unkept]).to.deep.equal([1, 1]);
  });

  it('forgets keys of which nothing is lent', () => {
    const host = new Host(5, 2);
    for (const worker of host.workers.values()) worker.arrive();
    host.settle();
    expect(host.ledger.size).to.equal(1);
    for (const [id, worker] of [...host.workers]) host.die(id, worker);
    host.settle();
    expect(host.ledger.size).to.equal(0);
  });
});
