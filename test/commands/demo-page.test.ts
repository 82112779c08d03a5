import { expect } from 'chai';
import { hintLines, type Page, tableLines } from '../../src/commands/demo/page.js';

const PAGE: Page = {
  url: 'http://127.0.0.1:8080',
  adminUrl: 'http://127.0.0.1:9901',
  workers: 2,
  rows: [
    { address: '127.0.0.1:3001', pid: 41, state: 'up', requests: 300, requestsPerSecond: 30, inflight: 2 },
    {
      address: '127.0.0.1:3002',
      pid: undefined,
      state: 'down: connection refused',
      requests: 100,
      requestsPerSecond: 10,
      inflight: 0,
    },
  ],
  counts: { answered: 399, failed: 1, lastFailure: 'status 502' },
};

describe('The page of the demo', () => {
  it('shows each backend with its share of the requests of now', () => {
    const lines = tableLines(PAGE);
    expect(lines[0]).to.equal('Roundhouse at http://127.0.0.1:8080, 2 workers, admin at http://127.0.0.1:9901');
    expect(lines[3]).to.match(/^127\.0\.0\.1:3001 +41 +75 % #{6} +300 +2 +up$/);
    expect(lines[4]).to.match(/^127\.0\.0\.1:3002 +gone +25 % #{2} +100 +0 +down: connection refused$/);
    expect(lines.at(-1)).to.equal('399 requests answered, 1 failed, the last: status 502');
  });

  it('fits into 80 columns', () => {
    expect(Math.max(...tableLines(PAGE).map(({ length }) => length))).to.be.below(80);
  });

  it('shows no share before there was a request', () => {
    const rows = PAGE.rows.map((row) => ({ ...row, requestsPerSecond: 0 }));
    expect(tableLines({ ...PAGE, rows })[3]).to.match(/ 0 % /);
  });

  it('says what each command to try will do', () => {
    const lines = hintLines([{ command: 'kill -9 41', effect: 'it dies' }]);
    expect(lines[1]).to.match(/^ {2}kill -9 41 +# it dies$/);
  });
});
