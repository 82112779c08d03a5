/** test/core/log-filter.test.ts: which lines of the access log are kept. */
import { expect } from 'chai';
import { type FilteredEntry, LogFilter, type LogFilterSettings } from '../../src/core/log-filter.js';

function entry(part: Partial<FilteredEntry> & { readonly path?: string } = {}): FilteredEntry {
  const { path = '/', ...others } = part;
  return {
    route: '',
    status: 200,
    durationUs: 1_000,
    outcome: '',
    isUnder: (prefix) => path.startsWith(prefix),
    ...others,
  };
}

function keeps(settings: Partial<LogFilterSettings>, part: Parameters<typeof entry>[0]): boolean {
  return new LogFilter({ sample: 1, ...settings }, () => 0.5).keeps(entry(part));
}

describe('A filter of the access log', () => {
  it('keeps all lines that no rule is about', () => {
    expect(keeps({}, {})).to.equal(true);
  });

  it('keeps only lines that meet a rule, with all of its keys', () => {
    const only = [{ route: 'api', status: '5xx' }, { slowerThan: 500 }] as const;
    expect(keeps({ only }, { route: 'api', status: 503 })).to.equal(true);
    expect(keeps({ only }, { route: 'api', status: 404 })).to.equal(false);
    expect(keeps({ only }, { route: 'web', status: 503 })).to.equal(false);
    expect(keeps({ only }, { durationUs: 500_001 })).to.equal(true);
    expect(keeps({ only }, { durationUs: 500_000 })).to.equal(false);
  });

  it('knows classes of a status by their bounds, and single ones', () => {
    const kept = (status: '4xx' | 404): number[] =>
      [399, 400, 404, 499, 500].filter((each) => keeps({ only: [{ status }] }, { status: each }));
    expect(kept('4xx')).to.deep.equal([400, 404, 499]);
    expect(kept(404)).to.deep.equal([404]);
  });

  it('leaves out lines that meet a rule of except', () => {
    const except = [{ path: '/health' }, { route: 'quiet' }];
    expect(keeps({ except }, { path: '/health' })).to.equal(false);
    expect(keeps({ except }, { route: 'quiet' })).to.equal(false);
    expect(keeps({ except }, { path: '/shop' })).to.equal(true);
  });

  it('samples by the numbers that it is given', () => {
    const numbers = [0.05, 0.1, 0.3, 0.09, 0.99];
    const filter = new LogFilter({ sample: 0.1 }, () => numbers.shift() ?? 1);
    expect(Array.from({ length: 5 }, () => filter.keeps(entry()))).to.deep.equal([true, false, false, true, false]);
  });

  it('keeps what always says, whatever the rest does', () => {
    const settings = { always: [{ errors: true }], except: [{ path: '/' }], sample: 0 };
    expect(keeps(settings, { status: 502, outcome: 'refused' })).to.equal(true);
    expect(keeps(settings, { status: 500 })).to.equal(true);
    expect(keeps(settings, { status: 200 })).to.equal(false);
  });

  it('counts responses that were cut as errors, and not those that their clients gave up', () => {
    const only = [{ errors: true }];
    expect(keeps({ only }, { status: 200, outcome: 'reset' })).to.equal(true);
    expect(keeps({ only }, { status: 0, outcome: 'backend-reset' }), 'over TCP').to.equal(true);
    expect(keeps({ only }, { status: 499, outcome: 'client-gone' })).to.equal(false);
    expect(keeps({ only }, { status: 101, outcome: 'timeout' }), 'a tunnel that was idle').to.equal(false);
    expect(keeps({ only: [{ errors: false }] }, { status: 200 })).to.equal(true);
  });
});
