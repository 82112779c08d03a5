import { expect } from 'chai';
import { DrainedLog } from '../../src/control/drained-log.js';
import type { Backend } from '../../src/core/backend.js';
import { backendOf, LogBook } from './support.js';

const ID = '10.0.0.1:80';

describe('The log of drained backends', () => {
  let log: LogBook;
  let drained: DrainedLog;
  let version: number;

  beforeEach(() => {
    log = new LogBook();
    drained = new DrainedLog(log.journal);
    version = 1;
  });

  const change = (fields: Partial<Backend>): void =>
    drained.heed({ kind: 'upsert', pool: 'web', version: ++version, backend: backendOf(ID, fields) });
  const told = (): number => log.journal.recent.length;

  it('says it once, when nothing is in flight any more', () => {
    change({ admin: 'draining' });
    drained.look(() => false);
    expect(told()).to.equal(0);
    drained.look(() => true);
    drained.look(() => true);
    expect(log.journal.recent.map(({ kind, backend }) => [kind, backend])).to.deep.equal([['backend-drained', ID]]);
  });

  it('does not say it again when its health changes, but when it drains again', () => {
    change({ admin: 'draining' });
    drained.look(() => true);
    change({ admin: 'draining', health: 'down' });
    drained.look(() => true);
    expect(told()).to.equal(1);
    change({ admin: 'enabled' });
    change({ admin: 'draining' });
    drained.look(() => true);
    expect(told()).to.equal(2);
  });

  it('asks no more about one that is enabled, removed or gone with its pool', () => {
    let asked = 0;
    const look = (answer: boolean | undefined): void =>
      drained.look(() => {
        asked += 1;
        return answer;
      });
    change({ admin: 'draining' });
    change({ admin: 'enabled' });
    look(true);
    change({ admin: 'draining' });
    drained.heed({ kind: 'removed', pool: 'web', version: ++version, id: backendOf(ID).id });
    look(true);
    change({ admin: 'draining' });
    look(undefined);
    look(true);
    expect([asked, told()]).to.deep.equal([1, 0]);
  });
});
