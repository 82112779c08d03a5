import { expect } from 'chai';
import { Journal } from '../../src/control/journal.js';
import { idOf, LogBook } from './support.js';

const ABOUT = { pool: 'web', backend: idOf('10.0.0.1:80') };
const WHY = '5 failures in a row (connect)';

describe('The journal', () => {
  let log: LogBook;
  let journal: Journal;
  let nowMs: number;

  beforeEach(() => {
    log = new LogBook();
    nowMs = Date.UTC(2026, 0, 1);
    journal = new Journal(log.logger, () => nowMs);
  });

  function note(times: number): void {
    for (let i = 0; i < times; i += 1) journal.note('backend-down', { ...ABOUT, reason: `cause ${i}` });
  }

  it('writes each entry into the log with its level and its fields', async () => {
    journal.note('backend-ejected', { ...ABOUT, reason: 'connect', why: WHY, forMs: 10_000 });
    expect(await log.next('backend ejected')).to.include({ level: 'warn', ...ABOUT, why: WHY, forMs: 10_000 });
  });

  it('keeps what happened, when, and to whom', () => {
    journal.note('backend-ejected', { ...ABOUT, reason: 'connect', why: WHY, forMs: 10_000 });
    expect(journal.recent).to.have.length(1);
    expect(journal.recent[0]).to.deep.include({
      at: '2026-01-01T00:00:00.000Z',
      kind: 'backend-ejected',
      level: 'warn',
      ...ABOUT,
      worker: null,
      text: `ejected for 10 s: ${WHY}`,
    });
  });

  it('says what an operator changed, and nothing of what stayed', () => {
    journal.note('backend-changed', { ...ABOUT, admin: 'draining', weight: 3, version: 2 });
    expect(journal.recent[0]?.text).to.equal('draining, weight 3');
  });

  it('forgets the oldest of more than a thousand', () => {
    note(2_500);
    expect(journal.recent).to.have.length(1_000);
    expect([journal.recent[0]?.text, journal.recent.at(-1)?.text]).to.deep.equal([
      'down: cause 1500',
      'down: cause 2499',
    ]);
  });

  it('goes on where a reader stopped', () => {
    note(3);
    const [first] = journal.recent;
    expect(journal.after(first?.id).map(({ text }) => text)).to.deep.equal(['down: cause 1', 'down: cause 2']);
    expect(journal.after(journal.position)).to.deep.equal([]);
  });

  it('starts over for a reader of another run, or one who says nonsense', () => {
    note(2);
    nowMs += 1;
    const next = new Journal(log.logger, () => nowMs);
    next.note('pool-empty', { pool: 'web' });
    for (const id of [journal.position, undefined, '', 'x', `${next.position}0`, '-1', '1e400-1']) {
      expect(next.after(id), String(id)).to.deep.equal(next.recent);
    }
  });

  it('tells those who watch, until they stop', () => {
    let told = 0;
    const stop = journal.watch(() => {
      told += 1;
    });
    note(2);
    stop();
    note(1);
    expect(told).to.equal(2);
  });
});
