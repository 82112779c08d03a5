import { setEnvironmentData } from 'node:worker_threads';
import { expect } from 'chai';
import { buildMaglevTable } from '../../src/balancing/maglev-table.js';
import { HashTables } from '../../src/control/hash-tables.js';
import type { Pool } from '../../src/control/pool.js';
import type { PoolTable } from '../../src/messages.js';
import { eventually } from '../support/eventually.js';
import { fileAt, PROGRAMS } from './balancer-under-test.js';
import { backendOf, closeEverything, idOf, LogBook, onClose, poolOf } from './support.js';

const [A, B, C] = ['10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80'];

describe('Hash tables', () => {
  afterEach(closeEverything);

  async function setUp(file = PROGRAMS.hashTable) {
    const log = new LogBook();
    const published: PoolTable[] = [];
    const { pool, changes } = poolOf(backendOf(A), backendOf(B));
    const tables = new HashTables(file, (table) => published.push(table), log.logger);
    onClose(() => tables.stop());
    await tables.watch(pool.snapshot);
    /** Makes changes and has them heeded. */
    const change = (make: (pool: Pool) => void): void => {
      const before = changes.length;
      make(pool);
      for (const each of changes.slice(before)) tables.heed(each);
    };
    return { tables, published, pool, change, log };
  }

  it('have the first one ready for the pool as it is', async () => {
    const { published, pool } = await setUp();
    expect(published).to.deep.equal([{ pool: 'default', version: 1, ...buildMaglevTable(pool.snapshot.backends) }]);
  });

  it('follow members and weights', async () => {
    const { published, change } = await setUp();
    change((pool) => pool.upsert({ backend: backendOf(C), reason: 'added' }));
    await eventually('a table with the new one', () => published.length === 2);
    change((pool) => pool.configure(idOf(C), { weight: 3 }));
    await eventually('a table with the weight', () => published.length === 3);
    change((pool) => pool.remove(idOf(A)));
    await eventually('a table without the old one', () => published.length === 4);
    expect(published.map(({ version, ids }) => [version, ...ids])).to.deep.equal([
      [1, A, B],
      [2, A, B, C],
      [3, A, B, C],
      [4, B, C],
    ]);
    expect([...(published[2]?.weights ?? [])]).to.deep.equal([1, 1, 3]);
  });

  it('stay as they are when a backend is down, ejected or drained: its keys come back with it', async () => {
    const { published, change } = await setUp();
    change((pool) => pool.setHealth(idOf(A), 'down', 'connection refused'));
    change((pool) => pool.setOutlier(idOf(A), 'ejected', '5 failures in a row'));
    change((pool) => pool.configure(idOf(B), { admin: 'draining' }));
    // Had any of these asked for a table, it would be in the one that this asks for.
    change((pool) => pool.upsert({ backend: backendOf(C), reason: 'added' }));
    await eventually('the next table', () => published.length === 2);
    expect(published[1]).to.deep.include({ version: 5, ids: [A, B, C] });
  });

  it('are few when changes are many', async () => {
    const { published, change } = await setUp();
    const many = Array.from({ length: 500 }, (_, i) => `10.1.${i >> 8}.${i & 255}:80`);
    for (const id of many) change((pool) => pool.upsert({ backend: backendOf(id), reason: 'added' }));
    await eventually('all are in', () => published.at(-1)?.ids.length === 502);
    expect(published.length).to.be.below(5);
  });

  it('of other pools are not kept', async () => {
    const { tables, published, change } = await setUp();
    const { pool, changes } = poolOf(backendOf(C));
    pool.remove(idOf(C));
    for (const each of changes) tables.heed({ ...each, pool: 'other' });
    change((own) => own.upsert({ backend: backendOf(C), reason: 'added' }));
    await eventually('the own one', () => published.length === 2);
    expect(published.map(({ pool: name }) => name)).to.deep.equal(['default', 'default']);
  });

  it('are tried again when the thread dies', async () => {
    setEnvironmentData('hash table', 'dies');
    const { published, log } = await setUp(fileAt('./fixtures/dying-hash-table.js'));
    setEnvironmentData('hash table', undefined);
    expect(await log.next('hash table not built; the old one stays')).to.include({ pool: 'default' });
    expect(published).to.have.lengthOf(0);
    await eventually('the second try', () => published.length === 1);
  });
});
