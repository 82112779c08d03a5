import { expect } from 'chai';
import { panicLog } from '../../src/control/panic-log.js';
import { backendOf, idOf, LogBook, poolOf } from './support.js';

const ADDRESSES = ['10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80'];

describe('A pool that runs short of usable backends', () => {
  it('says so once, and once more when that is over', async () => {
    const log = new LogBook();
    const heed = panicLog(log.journal);
    const { pool } = poolOf(...ADDRESSES.map((id) => backendOf(id, { health: 'up' })));
    const turn = async (id: string, health: 'up' | 'down'): Promise<void> => {
      pool.setHealth(idOf(id), health, 'told so');
      heed(pool);
      await Promise.resolve();
    };
    const [one = '', two = '', three = ''] = ADDRESSES;
    await turn(one, 'down');
    await turn(two, 'down');
    await turn(three, 'down');
    await turn(three, 'up');
    await turn(two, 'up');
    await turn(one, 'up');
    await log.next('panic is over');
    expect(log.entries.map(({ level, message, usable }) => [level, message, usable])).to.deep.equal([
      ['error', 'panic: too few usable backends, so all are tried', 1],
      ['info', 'panic is over', 2],
    ]);
  });
});
