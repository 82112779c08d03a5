import { expect } from 'chai';
import { bytes, count, duration, latencyText, millis, percent, plural } from '../../dashboard/model/format.js';
import { SAMPLES, Series, Track } from '../../dashboard/model/history.js';
import { areaPath, linePath } from '../../dashboard/model/line.js';
import { matches, type SortKey, sorted } from '../../dashboard/model/rows.js';
import { isProblem, stateWords } from '../../dashboard/model/states.js';
import { momentsOf } from '../../dashboard/model/timeline.js';
import type { JournalEntry } from '../../dashboard/model/wire.js';
import { backendViewOf } from '../control/views.js';

describe('Numbers on the dashboard', () => {
  const cases: readonly (readonly [text: string, expected: string])[] = [
    [count(0), '0'],
    [count(0.4), '0.4'],
    [count(12.4), '12'],
    [count(1_234), '1,234'],
    [count(99_949), '99,949'],
    [count(99_950), '100k'],
    [count(12_345_678), '12.3M'],
    [percent(0), '0%'],
    [percent(0.00001), '<0.1%'],
    [percent(0.0123), '1.2%'],
    [percent(1), '100%'],
    [millis(0.1234), '0.123 ms'],
    [millis(0.4), '0.4 ms'],
    [millis(12.34), '12.3 ms'],
    [millis(123.4), '123 ms'],
    [millis(1_234), '1.23 s'],
    [millis(300_000), '300 s'],
    [latencyText({ p50: 0.4, p99: 12 }), '0.4 / 12 ms'],
    [latencyText({ p50: 800, p99: 1_200 }), '800 ms / 1.2 s'],
    [bytes(52 * 1_048_576), '52 MiB'],
    [duration(-5), '0s'],
    [duration(59_400), '59s'],
    [duration(7_500_000), '2h 5m'],
    [duration(86_400_000), '1d'],
    [plural(1, 'request'), '1 request'],
    [plural(2, 'request'), '2 requests'],
  ];
  for (const [text, expected] of cases) {
    it(`reads ${expected}`, () => {
      expect(text).to.equal(expected);
    });
  }
});

describe('A backend on the dashboard', () => {
  const wordsOf = (fields: Parameters<typeof backendViewOf>[1]): string =>
    stateWords(backendViewOf('10.0.0.1:80', fields))
      .map(({ word }) => word)
      .join(' ');

  it('is up, or not known yet', () => {
    expect(wordsOf({ health: 'up' })).to.equal('up');
    expect(wordsOf({ health: 'unknown' })).to.equal('unknown');
  });

  it('shows every state that keeps requests away, not only the worst', () => {
    expect(wordsOf({ admin: 'draining', health: 'down', outlier: 'ejected' })).to.equal('draining down ejected');
  });

  it('is drained when nothing is in flight any more, but maintenance stays maintenance', () => {
    expect(wordsOf({ admin: 'draining', drained: true })).to.equal('drained');
    expect(wordsOf({ admin: 'maintenance', drained: true })).to.equal('maintenance');
  });

  it('is a problem only when nobody wanted it out', () => {
    expect(isProblem(backendViewOf('10.0.0.1:80', { health: 'down' }))).to.equal(true);
    expect(isProblem(backendViewOf('10.0.0.1:80', { health: 'down', admin: 'maintenance' }))).to.equal(false);
  });
});

describe('The rows of a pool', () => {
  const rows = [
    backendViewOf('10.0.0.10:80', { health: 'up', requestsPerSecond: 5, latency: { p50: 1, p99: 7 } }),
    backendViewOf('10.0.0.9:80', { health: 'down', reason: 'connection refused' }),
    backendViewOf('10.0.0.2:80', {
      health: 'up',
      admin: 'draining',
      requestsPerSecond: 9,
      latency: { p50: 1, p99: 3 },
    }),
  ];
  const order = (key: SortKey, descending = false): string =>
    sorted(rows, { key, descending })
      .map(({ id }) => id.split('.')[3]?.split(':')[0])
      .join();

  it('are ordered by address as people count', () => {
    expect(order('backend')).to.equal('2,9,10');
  });

  it('begin with what needs a look when ordered by state', () => {
    expect(order('state')).to.equal('9,2,10');
  });

  it('are ordered by what is measured, those without a measurement below all others', () => {
    expect(order('rate', true)).to.equal('2,10,9');
    expect(order('p99', true)).to.equal('10,2,9');
  });

  it('are found by all words of a search, in address or reason', () => {
    const found = (text: string, show: 'all' | 'problems' | 'draining' = 'all'): number =>
      rows.filter((row) => matches(row, { text, show })).length;
    expect(found('')).to.equal(3);
    expect(found('REFUSED 10.0')).to.equal(1);
    expect(found('refused 10.0.0.2')).to.equal(0);
    expect([found('', 'problems'), found('', 'draining')]).to.deep.equal([1, 1]);
  });
});

describe('The history of a backend', () => {
  const sample = { requestsPerSecond: 1, errorRate: 0, p50: 1, p99: 2, retries: 0 };

  it('forgets what is older than three minutes', () => {
    const series = new Series();
    for (let i = 0; i < SAMPLES + 5; i += 1) series.push(i);
    expect([series.length, series.at(0), series.at(-1), series.max()]).to.deep.equal([
      SAMPLES,
      5,
      SAMPLES + 4,
      SAMPLES + 4,
    ]);
    expect(series.at(SAMPLES)).to.be.NaN;
    expect(series.at(-SAMPLES - 1)).to.be.NaN;
  });

  it('counts retries of the last seconds, not of all time', () => {
    const track = new Track();
    track.push({ ...sample, retries: 1_000 });
    expect(track.retriesPerSecond).to.equal(0);
    track.push({ ...sample, retries: 1_010 });
    expect(track.retriesPerSecond).to.equal(2);
    for (let i = 1; i <= 5; i += 1) track.push({ ...sample, retries: 1_010 });
    expect(track.retriesPerSecond).to.equal(0);
  });

  it('goes on over a restart of the balancer, whose counters begin anew', () => {
    const track = new Track();
    track.push({ ...sample, retries: 1_000 });
    track.push({ ...sample, retries: 5 });
    expect(track.retriesPerSecond).to.equal(1);
  });
});

describe('A line of the history', () => {
  const box = { width: 44, height: 12, max: 10 };

  it('ends at the right edge and leaves gaps open', () => {
    const series = new Series();
    for (const value of [0, 10, Number.NaN, 5, 10]) series.push(value);
    expect(linePath(series, box)).to.equal('M40,11L41,1M43,6L44,1');
    expect(areaPath(series, box)).to.equal('M40,12L40,11L41,1L41,12ZM43,12L43,6L44,1L44,12Z');
  });

  it('is nothing while there is nothing to connect', () => {
    const series = new Series();
    series.push(1);
    expect([linePath(series, box), areaPath(series, box)]).to.deep.equal(['', '']);
  });
});

describe('The timeline', () => {
  const at = (second: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
  const entry = (id: string, fields: Partial<JournalEntry>): JournalEntry => {
    const about = { pool: 'web', backend: `10.0.0.${id}:80`, worker: null };
    return {
      id,
      at: at(0),
      kind: 'backend-down',
      level: 'warn',
      ...about,
      text: 'down: connection refused',
      ...fields,
    };
  };
  const read = (entries: readonly JournalEntry[]): readonly string[] =>
    momentsOf(entries).map(({ subject, text }) => `${subject} ${text}`);

  it('is one line for what befalls many backends at once', () => {
    expect(read([entry('3', {}), entry('2', {}), entry('1', { text: 'down: timeout' })])).to.deep.equal([
      '2 backends of web down: connection refused',
      '10.0.0.1:80 down: timeout',
    ]);
  });

  it('keeps apart what is minutes, pools or kinds apart, and what befalls workers', () => {
    const ofWorker = { kind: 'worker-died', level: 'error', backend: null, pool: null, text: 'died' } as const;
    const entries = [
      entry('6', { at: at(50) }),
      entry('5', { pool: 'api' }),
      entry('4', { kind: 'backend-up' }),
      entry('2', { ...ofWorker, worker: 2 }),
      entry('1', { ...ofWorker, worker: 1 }),
    ];
    expect(momentsOf(entries)).to.have.length(5);
    expect(read(entries)[4]).to.equal('worker 1 died');
  });
});
