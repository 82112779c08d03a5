import { expect } from 'chai';
import { Broadcaster } from '../../src/control/broadcaster.js';
import type { Pool } from '../../src/control/pool.js';
import { RunningConfig } from '../../src/control/running-config.js';
import type { ToWorker } from '../../src/messages.js';
import { backendOf, configOf, idOf, poolOf } from './support.js';

const A = '10.0.0.1:80';

class Receiver {
  readonly got: ToWorker[] = [];
  readonly slot = 1;
  readonly id: number;

  constructor(id: number) {
    this.id = id;
  }

  send(message: ToWorker): void {
    this.got.push(message);
  }

  types(): readonly string[] {
    return this.got.map(({ type }) => type);
  }
}

function setUp(settings = configOf([A])): {
  broadcaster: Broadcaster;
  pool: Pool;
  clock: { ms: number };
  flip: () => number;
} {
  const clock = { ms: 0 };
  const { pool } = poolOf(backendOf(A));
  const config = new RunningConfig(settings, { stickyKey: 'sixteen characters' });
  const broadcaster = new Broadcaster(config, new Map([[pool.name, pool]]), () => clock.ms);
  const flip = (): number => {
    const health = pool.backend(idOf(A))?.health === 'up' ? 'down' : 'up';
    const change = pool.setHealth(idOf(A), health, 'flipped');
    if (change === undefined) throw new Error('nothing changed');
    broadcaster.publish({ type: 'change', change });
    return change.version;
  };
  return { broadcaster, pool, clock, flip };
}

describe('The broadcaster', () => {
  it('starts a worker from the full snapshot and sends it the changes after that', () => {
    const { broadcaster, flip } = setUp();
    const version = flip();
    const worker = new Receiver(1);
    broadcaster.welcome(worker);
    flip();
    expect(worker.types()).to.deep.equal(['start', 'share', 'change']);
    expect(worker.got[0]).to.have.nested.property('snapshots[0].version', version);
    expect(worker.got[2]).to.have.nested.property('change.version', version + 1);
  });

  it('sends the first of many changes of a turn at once, and the others together', async () => {
    const { broadcaster, pool, flip } = setUp();
    const worker = new Receiver(1);
    broadcaster.welcome(worker);
    const versions = [flip(), flip(), flip()];
    expect(worker.types()).to.deep.equal(['start', 'share', 'change']);
    await new Promise((resolve) => setImmediate(resolve));
    expect(worker.types()).to.deep.equal(['start', 'share', 'change', 'change']);
    expect(worker.got[3]).to.deep.include({
      type: 'change',
      change: {
        kind: 'several',
        pool: pool.name,
        version: versions[2],
        since: versions[0],
        backends: pool.snapshot.backends,
        ids: [],
      },
    });
  });

  it('answers a worker that missed a change with the whole pool, and no other worker', () => {
    const { broadcaster, pool, flip } = setUp();
    const [behind, fine] = [new Receiver(1), new Receiver(2)];
    broadcaster.welcome(behind);
    broadcaster.welcome(fine);
    flip();
    broadcaster.resync(behind.id, 'default');
    expect(behind.got.at(-1)).to.deep.equal({ type: 'snapshot', snapshot: pool.snapshot });
    expect(fine.types()).to.deep.equal(['start', 'share', 'change']);
  });

  it('sends a configuration to one worker in each turn, with the new pools as they are then', async () => {
    const { broadcaster, pool, flip } = setUp(configOf([A], {}, { policy: 'maglev' }));
    const [first, second] = [new Receiver(1), new Receiver(2)];
    for (const each of [first, second]) broadcaster.welcome(each);
    for (const each of [first, second]) each.got.length = 0;
    const sent = broadcaster.configure([pool.name]);
    expect([first.types(), second.types()]).to.deep.equal([['configure'], []]);
    const version = flip();
    const weights = new Float64Array([1]);
    const table = { pool: pool.name, version, ids: [idOf(A)], weights, owners: new Uint16Array(1) };
    broadcaster.publish({ type: 'hash-table', table });
    await sent;
    expect(second.types()).to.deep.equal(['change', 'hash-table', 'configure', 'hash-table']);
    expect(second.got[2]).to.have.nested.property('snapshots[0].version', version);
  });

  it('tells every worker which of how many it is, whenever one comes or goes', () => {
    const { broadcaster } = setUp();
    const [first, second] = [new Receiver(1), new Receiver(2)];
    broadcaster.welcome(first);
    expect(first.got.at(-1)).to.deep.equal({ type: 'share', share: { index: 0, of: 1 } });
    broadcaster.welcome(second);
    expect(first.got.at(-1)).to.deep.equal({ type: 'share', share: { index: 0, of: 2 } });
    expect(second.got.at(-1)).to.deep.equal({ type: 'share', share: { index: 1, of: 2 } });
    broadcaster.leave(1);
    expect(second.got.at(-1)).to.deep.equal({ type: 'share', share: { index: 0, of: 1 } });
  });

  it('records how long a change took to reach the last worker', () => {
    const { broadcaster, clock, flip } = setUp();
    for (const id of [1, 2]) broadcaster.welcome(new Receiver(id));
    expect(broadcaster.convergence).to.deep.equal({ lastMs: null, maxMs: null, pending: 0 });
    const version = flip();
    clock.ms = 3;
    broadcaster.acknowledge(1, 'default', version);
    expect(broadcaster.convergence.pending).to.equal(1);
    clock.ms = 8;
    broadcaster.acknowledge(2, 'default', version);
    expect(broadcaster.convergence).to.deep.equal({ lastMs: 8, maxMs: 8, pending: 0 });
  });

  it('keeps the longest time, and takes an acknowledgement for all versions before it', () => {
    const { broadcaster, clock, flip } = setUp();
    broadcaster.welcome(new Receiver(1));
    flip();
    clock.ms = 5;
    const version = flip();
    clock.ms = 6;
    broadcaster.acknowledge(1, 'default', version);
    expect(broadcaster.convergence).to.deep.equal({ lastMs: 1, maxMs: 6, pending: 0 });
    broadcaster.acknowledge(1, 'default', version - 1);
    expect(broadcaster.acknowledged(1, 'default')).to.equal(version);
  });

  it('does not wait for a worker that died, nor for one that started later', () => {
    const { broadcaster, clock, flip } = setUp();
    for (const id of [1, 2]) broadcaster.welcome(new Receiver(id));
    const version = flip();
    broadcaster.welcome(new Receiver(3));
    broadcaster.acknowledge(1, 'default', version);
    clock.ms = 4;
    broadcaster.leave(2);
    expect(broadcaster.convergence).to.deep.equal({ lastMs: 4, maxMs: 4, pending: 0 });
  });

  it('counts nothing as converged when no worker is left', () => {
    const { broadcaster, flip } = setUp();
    broadcaster.welcome(new Receiver(1));
    flip();
    broadcaster.leave(1);
    expect(broadcaster.convergence).to.deep.equal({ lastMs: null, maxMs: null, pending: 0 });
  });
});
