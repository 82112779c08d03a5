/** test/workers/timer-wheel.test.ts: the coarse clock of a worker, moved by the test. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'chai';
import { seeded } from '../../src/core/random.js';
import { TimerWheel, WheelTimer } from '../../workers/timer-wheel.js';
import { eventually } from '../support/eventually.js';

const TICK_MS = 100;

async function connected(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

describe('The timer wheel', () => {
  let now: number;
  let wheel: TimerWheel;

  beforeEach(() => {
    now = 5_000_037;
    wheel = new TimerWheel(TICK_MS, () => now);
  });

  /** A timer that notes when it fires. */
  function noting(fired: number[], then = (): void => {}): WheelTimer {
    return new WheelTimer({
      onTimeout: () => {
        fired.push(now);
        then();
      },
    });
  }

  /** Lets the clock run in steps of a tick, as the interval does. */
  function run(ms: number): void {
    for (let left = ms; left > 0; left -= TICK_MS) {
      now += Math.min(left, TICK_MS);
      wheel.advance();
    }
  }

  it('fires once, never early and at most two ticks late', () => {
    const random = seeded(7);
    const late: number[] = [];
    for (let i = 0; i < 2_000; i++) {
      const ms = 1 + random.below(300_000);
      const armedAt = now;
      const timer = new WheelTimer({ onTimeout: () => late.push(now - armedAt - ms) });
      wheel.arm(timer, ms);
      run(random.below(3) * TICK_MS);
    }
    run(310_000);
    expect(late).to.have.lengthOf(2_000);
    expect(Math.min(...late)).to.be.at.least(0);
    expect(Math.max(...late)).to.be.at.most(2 * TICK_MS);
  });

  it('is never early though its last tick was almost a tick ago', () => {
    const fired: number[] = [];
    now += TICK_MS - 1;
    const armedAt = now;
    wheel.arm(noting(fired), 250);
    run(1_000);
    expect(fired).to.have.lengthOf(1);
    expect((fired[0] ?? 0) - armedAt).to.be.within(250, 250 + 2 * TICK_MS);
  });

  it('keeps times that are longer than one turn of it', () => {
    const fired: number[] = [];
    const armedAt = now;
    wheel.arm(noting(fired), 3_600_000);
    run(3_600_000);
    expect(fired).to.deep.equal([]);
    run(3 * TICK_MS);
    expect(fired).to.have.lengthOf(1);
    expect((fired[0] ?? 0) - armedAt).to.be.within(3_600_000, 3_600_000 + 2 * TICK_MS);
  });

  it('moves a deadline later, and earlier', () => {
    const fired: number[] = [];
    const timer = noting(fired);
    wheel.arm(timer, 500);
    run(400);
    wheel.arm(timer, 5_000);
    run(4_900);
    expect(fired).to.deep.equal([]);
    wheel.arm(timer, 200);
    const armedAt = now;
    run(600);
    expect(fired).to.have.lengthOf(1);
    expect((fired[0] ?? 0) - armedAt).to.be.within(200, 200 + 2 * TICK_MS);
  });

  it('forgets a timer that is armed with 0 or dropped', () => {
    const fired: number[] = [];
    const [disarmed, dropped] = [noting(fired), noting(fired)];
    wheel.arm(disarmed, 300);
    wheel.arm(dropped, 300);
    run(200);
    wheel.arm(disarmed, 0);
    wheel.drop(dropped);
    run(1_000);
    expect(fired).to.deep.equal([]);
  });

  it('arms a timer again that was disarmed, dropped or has fired', () => {
    const fired: number[] = [];
    const timer = noting(fired);
    wheel.arm(timer, 300);
    wheel.arm(timer, 0);
    wheel.arm(timer, 300);
    run(600);
    wheel.drop(timer);
    wheel.arm(timer, 300);
    run(600);
    wheel.arm(timer, 300);
    run(600);
    expect(fired).to.have.lengthOf(3);
  });

  it('lets a callback arm its own timer again', () => {
    const fired: number[] = [];
    const timer: WheelTimer = noting(fired, () => wheel.arm(timer, 100));
    wheel.arm(timer, 100);
    run(2_000);
    expect(fired.length).to.be.within(7, 20);
    for (let i = 1; i < fired.length; i++) expect((fired[i] ?? 0) - (fired[i - 1] ?? 0)).to.be.at.least(100);
  });

  for (const victim of [0, 1]) {
    it(`lets a callback drop number ${victim} of its neighbours in the same slot, and fires the rest`, () => {
      const fired: string[] = [];
      const neighbours = ['a', 'b'].map((name) => new WheelTimer({ onTimeout: () => void fired.push(name) }));
      for (const timer of neighbours) wheel.arm(timer, 300);
      // A timer that was linked last is the first in its slot.
      const first = noting([], () => {
        for (const timer of neighbours.slice(victim, victim + 1)) wheel.drop(timer);
      });
      wheel.arm(first, 300);
      run(1_000);
      expect(fired).to.deep.equal(victim === 0 ? ['b'] : ['a']);
    });
  }

  it('lets a callback put off its neighbour in the same slot', () => {
    const fired: number[] = [];
    const putOff = noting(fired);
    const first = noting([], () => wheel.arm(putOff, 1_000));
    wheel.arm(putOff, 300);
    wheel.arm(first, 300);
    const armedAt = now;
    run(2_000);
    expect(fired).to.have.lengthOf(1);
    expect((fired[0] ?? 0) - armedAt).to.be.at.least(1_300);
  });

  it('stands still with its process: nobody is late for that', () => {
    const fired: number[] = [];
    wheel.arm(noting(fired), 300);
    now += 1_800_000;
    // Armed after the standstill, before the next tick.
    wheel.arm(noting(fired), 300);
    wheel.advance();
    expect(fired).to.have.lengthOf(0);
    run(4 * TICK_MS);
    expect(fired).to.have.lengthOf(2);
  });

  it('lets what arrived while the process stood still be read before it calls it late', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const [[sender], receiver] = await Promise.all([once(server, 'connection'), connected(port)]);
    const real = new TimerWheel(5, () => performance.now());
    const fired: number[] = [];
    const timer = noting(fired);
    receiver.once('data', () => real.drop(timer));
    real.start();
    real.arm(timer, 30);
    await nextTurn();
    sender.write('x');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    await once(receiver, 'data');
    await nextTurn();
    expect(fired).to.deep.equal([]);
    real.stop();
    receiver.destroy();
    server.close();
  });

  it('ticks only while a timer is armed when it may sleep, and knows the time when it wakes', async () => {
    const FINE_MS = 5;
    const sleeping = new TimerWheel(FINE_MS, () => now, 'sleeps');
    const isAwake = (): boolean => Reflect.get(sleeping, 'interval') !== undefined;
    expect(isAwake()).to.equal(false);
    now += 30;
    const armedAt = now;
    const fired: number[] = [];
    sleeping.arm(noting(fired), 20);
    expect(isAwake()).to.equal(true);
    for (let tick = 0; tick < 10; tick++) {
      now += FINE_MS;
      sleeping.advance();
    }
    expect(fired.map((at) => at - armedAt)).to.deep.equal([20 + FINE_MS]);
    expect(isAwake()).to.equal(false);
    const dropped = new WheelTimer({ onTimeout: () => {} });
    sleeping.arm(dropped, 60_000);
    sleeping.drop(dropped);
    await eventually('it sleeps again', () => !isAwake());
  });

  it('goes on ticking by itself until it is stopped', async () => {
    const [stopped, real] = [realWheel(), realWheel()];
    await new Promise<void>((resolve) => stopped.arm(new WheelTimer({ onTimeout: resolve }), 10));
    stopped.stop();
    const late: number[] = [];
    stopped.arm(noting(late), 10);
    await new Promise<void>((resolve) => real.arm(new WheelTimer({ onTimeout: resolve }), 30));
    expect(late).to.deep.equal([]);
    real.stop();
  });

  function realWheel(): TimerWheel {
    const wheel = new TimerWheel(5, () => performance.now());
    wheel.start();
    return wheel;
  }
});
