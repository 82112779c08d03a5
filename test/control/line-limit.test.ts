import { mock } from 'node:test';
import { expect } from 'chai';
import { LineLimit } from '../../src/control/line-limit.js';
import { LogBook } from './support.js';

describe('A line of the log that others can cause', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
  afterEach(() => mock.timers.reset());

  it('is written ten times a minute, and then how many were left out', () => {
    const log = new LogBook();
    const lines = new LineLimit(log.logger);
    for (let count = 0; count < 1_000; count += 1) lines.log('warn', 'junk', { count });
    expect(log.all('junk')).to.have.lengthOf(10);
    mock.timers.tick(60_000);
    expect(log.all('junk; more of them')).to.have.lengthOf(1);
    expect(log.all('junk; more of them')[0]).to.include({ level: 'warn', leftOut: 990 });
    lines.log('warn', 'junk', {});
    expect(log.all('junk')).to.have.lengthOf(11);
  });

  it('leaves room for other lines', () => {
    const log = new LogBook();
    const lines = new LineLimit(log.logger);
    for (let count = 0; count < 20; count += 1) lines.log('warn', 'junk', {});
    lines.log('error', 'defect', {});
    expect(log.all('defect')).to.have.lengthOf(1);
  });

  it('says nothing more where none was left out', () => {
    const log = new LogBook();
    new LineLimit(log.logger).log('warn', 'junk', {});
    mock.timers.tick(60_000);
    expect(log.entries).to.have.lengthOf(1);
  });
});
