import { expect } from 'chai';
import { type AccessLogReport, AccessLogs } from '../../src/control/access-log.js';
import { LogBook } from './support.js';

const FILE = '/var/log/access.log';
/** A worker that took the place of another one has its slot and an id of its own. */
const one = { id: 7, slot: 1 };
const two = { id: 8, slot: 2 };

function report(event: AccessLogReport['event'], cause = '', lost = 0): AccessLogReport {
  return { type: 'access-log', event, cause, lost };
}

describe('The access logs of all workers, as the primary tells of them,', () => {
  let book: LogBook;
  let logs: AccessLogs;

  beforeEach(() => {
    book = new LogBook();
    logs = new AccessLogs({ current: { accessLog: FILE } }, book.logger);
  });

  const said = (): unknown[] => book.entries.map(({ time: _time, ...entry }) => entry);

  it('fail once, however many workers report it, and are well when the last is, with the lines of all', async () => {
    logs.report(one, report('failing', 'no space left on device'));
    logs.report(two, report('failing', 'no space left on device'));
    logs.report(one, report('recovered', '', 30));
    logs.report(two, report('recovered', '', 12));
    logs.report(two, report('failing', 'i/o error'));
    logs.report(two, report('recovered', '', 1));
    await book.next('the access log is written again', 2);
    const file = FILE;
    expect(said()).to.deep.equal([
      ...[
        {
          level: 'error',
          message: 'the access log is not written; lines may be lost',
          file,
          reason: 'no space left on device',
        },
      ],
      ...[{ level: 'info', message: 'the access log is written again', file, lost: 42 }],
      ...[{ level: 'error', message: 'the access log is not written; lines may be lost', file, reason: 'i/o error' }],
      ...[{ level: 'info', message: 'the access log is written again', file, lost: 1 }],
    ]);
  });

  it('are not left failing by a worker that is gone', async () => {
    logs.report(one, report('failing', 'broken pipe'));
    logs.leave(two.id);
    logs.leave(one.id);
    await book.next('the access log is written again');
    expect(said()).to.have.length(2);
  });

  it('name each worker whose lines go to the new file: the old one is complete when all of them do', async () => {
    logs.reopen(() => {});
    logs.report(two, report('reopened'));
    logs.report(one, report('reopened'));
    const opened = 'the access log was opened again';
    await book.next(opened, 2);
    expect(book.all(opened).map(({ level, file, worker }) => [level, file, worker])).to.deep.equal([
      ['info', FILE, 2],
      ['info', FILE, 1],
    ]);
  });

  it('keep an old file once for each time they were to be opened again', async () => {
    expect(logs.reopen(() => {})).to.equal(true);
    logs.report(one, report('not-reopened', 'permission denied'));
    logs.report(two, report('not-reopened', 'permission denied'));
    logs.reopen(() => {});
    logs.report(one, report('not-reopened', 'permission denied'));
    const refused = 'the access log was not opened again; the old file stays';
    await book.next(refused, 2);
    expect(book.all(refused)).to.have.length(2);
    expect(book.all(refused)[0]).to.include({ level: 'warn', file: FILE, reason: 'permission denied' });
  });

  it('are opened again only when they are files', () => {
    for (const accessLog of ['off', '-']) {
      const none = new AccessLogs({ current: { accessLog } }, book.logger);
      expect(none.reopen(() => expect.fail('nobody is to be told'))).to.equal(false);
    }
  });
});
