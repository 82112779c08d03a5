import { expect } from 'chai';
import { configSchema } from '../../src/config/schema.js';
import type { ToPrimary } from '../../src/messages.js';
import type { HttpPool } from '../../workers/http/http-pool.js';
import { Worker } from '../../workers/worker.js';
import { up } from '../support/proxy.js';

const A = '10.0.0.1:80';

describe('A worker with several pools', () => {
  const sent: ToPrimary[] = [];
  let worker: Worker;

  beforeEach(() => {
    sent.length = 0;
    const one = configSchema.parse({ pools: { web: { backends: [{ address: A }] } } });
    const [web, api] = [
      one.pools['web'],
      configSchema.parse({
        pools: { api: { policy: 'maglev', backends: [{ address: A }], queue: { length: 8 } } },
      }).pools['api'],
    ];
    if (web === undefined || api === undefined) throw new TypeError('A pool is missing');
    const snapshots = Object.entries({ web, api }).map(([pool, { backends }]) => ({
      pool,
      version: 1,
      backends: backends.map(up),
    }));
    const output = { send: (message: ToPrimary) => sent.push(message), unread: () => 0, drained: () => {} };
    worker = new Worker(1, { ...one, pools: { web, api } }, snapshots, output, {});
  });
  afterEach(() => worker.stop());

  function pool(name: string): HttpPool {
    const found = worker.context.pools.get(name);
    if (found === undefined) throw new TypeError(`No pool ${name}`);
    return found;
  }

  it('acknowledges each of them', () => {
    expect(sent).to.deep.equal([
      { type: 'applied', pool: 'web', version: 1 },
      { type: 'applied', pool: 'api', version: 1 },
    ]);
  });

  it('applies a change to the pool that it is about, though another has a backend of the same id', () => {
    const [backend] = pool('api').dispatch.roster.snapshot.backends;
    if (backend === undefined) throw new TypeError('No backend');
    const change = { kind: 'upsert', pool: 'api', version: 2, backend: { ...backend, health: 'down' } } as const;
    worker.receive({ type: 'change', change }, undefined);
    expect(sent.at(-1)).to.deep.equal({ type: 'applied', pool: 'api', version: 2 });
    expect(pool('api').dispatch.roster.upstream(backend.id)?.usable).to.equal(false);
    expect(pool('web').dispatch.roster.upstream(backend.id)?.usable).to.equal(true);
  });

  it('asks for the snapshot of the one in which it missed a change, and ignores a pool that it does not have', () => {
    const [backend] = pool('api').dispatch.roster.snapshot.backends;
    if (backend === undefined) throw new TypeError('No backend');
    const change = { kind: 'upsert', pool: 'api', version: 5, backend } as const;
    worker.receive({ type: 'change', change: { ...change, pool: 'gone' } }, undefined);
    worker.receive({ type: 'change', change }, undefined);
    expect(sent.slice(2)).to.deep.equal([{ type: 'resync', pool: 'api', have: 1 }]);
  });

  it('splits the limits of each when it gets its share', () => {
    worker.receive({ type: 'share', share: { index: 0, of: 4 } }, undefined);
    const capacities = ['web', 'api'].map((name): unknown => Reflect.get(pool(name).dispatch, 'queueCapacity'));
    expect(capacities).to.deep.equal([256, 2]);
  });

  it('counts all of them in one message', () => {
    worker.stop();
    const [counted] = sent.filter((message) => message.type === 'counters');
    expect(counted?.pools.map(({ pool: name, ids }) => [name, ids])).to.deep.equal([
      ['web', []],
      ['api', []],
    ]);
  });
});
