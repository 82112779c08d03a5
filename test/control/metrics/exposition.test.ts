import { expect } from 'chai';
import { formatFor } from '../../../src/control/admin/metrics.js';
import { expose } from '../../../src/control/metrics/exposition.js';
import { classOf, DURATION_COLUMNS, SUM_MS } from '../../../src/core/histogram.js';
import { lintMetrics, readMetrics, type Sample } from '../../support/metrics-text.js';
import { backendNamed, poolNamed, readingsOf, workerNumbered } from './readings.js';

const POOLS = [
  poolNamed('web', [backendNamed('10.0.0.1:80', { health: 'up' }, { status2xx: 7 }), backendNamed('10.0.0.2:80')]),
  poolNamed('api', [backendNamed('10.0.0.1:80', { health: 'down', outlier: 'ejected', weight: 3 })], { panic: true }),
];
const READINGS = readingsOf(POOLS, [workerNumbered(1), workerNumbered(2)]);

function samplesOf(text: string, name: string): readonly Sample[] {
  return readMetrics(text).flatMap(({ samples }) => samples.filter((sample) => sample.name === name));
}

/** @returns the value of the one sample with these labels */
function only(text: string, name: string, labels: Sample['labels'] = {}): number | undefined {
  const all = samplesOf(text, name).filter((sample) =>
    Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  );
  expect(all, `${name} ${JSON.stringify(labels)}`).to.have.lengthOf(1);
  return all[0]?.value;
}

describe('Metrics as text', () => {
  it('are what promtool has nothing to say about', () => {
    const families = readMetrics(expose(READINGS, 'prometheus'));
    expect(lintMetrics(families)).to.deep.equal([]);
    const counters = families.filter(({ type }) => type === 'counter');
    expect(counters.filter(({ name }) => !name.endsWith('_total'))).to.deep.equal([]);
    expect(families.length).to.be.above(40);
  });

  it('are OpenMetrics where that is asked for: families without suffix, infos, units, an end', () => {
    const text = expose(READINGS, 'openmetrics');
    const families = readMetrics(text);
    expect(lintMetrics(families)).to.deep.equal([]);
    expect(text.endsWith('# EOF\n')).to.equal(true);
    const names = families.map(({ name, type }) => `${type} ${name}`);
    expect(names).to.include.members([
      'info roundhouse_build',
      'counter roundhouse_requests',
      'gauge roundhouse_workers',
    ]);
    expect(text).to.include('# UNIT roundhouse_request_duration_seconds seconds\n');
  });

  it('say the same in both formats', () => {
    const samples = (format: 'prometheus' | 'openmetrics'): readonly Sample[] =>
      readMetrics(expose(READINGS, format)).flatMap((family) => family.samples);
    expect(samples('openmetrics')).to.deep.equal(samples('prometheus'));
  });

  it('have a series for each item there is, with the same labels always', () => {
    const text = expose(READINGS, 'prometheus');
    expect(samplesOf(text, 'roundhouse_requests_total')).to.have.lengthOf(3 * 5);
    expect(only(text, 'roundhouse_requests_total', { pool: 'web', backend: '10.0.0.1:80', code: '2xx' })).to.equal(7);
    expect(only(text, 'roundhouse_backend_up', { pool: 'web', backend: '10.0.0.1:80' })).to.equal(1);
    expect(only(text, 'roundhouse_backend_up', { pool: 'api' })).to.equal(0);
    expect(only(text, 'roundhouse_backend_ejected', { pool: 'api' })).to.equal(1);
    expect(only(text, 'roundhouse_backend_weight', { pool: 'api' })).to.equal(3);
    expect(samplesOf(text, 'roundhouse_pool_panic').map(({ value }) => value)).to.deep.equal([0, 1]);
    expect(only(text, 'roundhouse_state_sync_lag_seconds')).to.equal(0.002);
    expect(only(text, 'roundhouse_build_info', { version: '1.2.3', node: process.versions.node })).to.equal(1);
  });

  it('leave out what is not known yet', () => {
    const fresh = { ...READINGS, convergence: { lastMs: null, maxMs: null, pending: 0 } };
    expect(samplesOf(expose(fresh, 'prometheus'), 'roundhouse_state_sync_lag_seconds')).to.deep.equal([]);
  });

  it('show cumulated buckets at a few of the bounds that are counted, and lose none in between', () => {
    const durations = new Float64Array(DURATION_COLUMNS);
    for (const ms of [0.05, 0.3, 0.6, 3, 3, 99_000, 1e6]) durations[classOf(ms)] = (durations[classOf(ms)] ?? 0) + 1;
    durations[SUM_MS] = 4_500;
    const text = expose(readingsOf([poolNamed('web', [], { durations })]), 'prometheus');
    const bucket = (le: string): number | undefined =>
      only(text, 'roundhouse_request_duration_seconds_bucket', { pool: 'web', le });
    expect(['0.0001', '0.0005', '0.001', '0.0025', '0.005', '1.0', '100.0', '+Inf'].map(bucket)).to.deep.equal([
      1, 2, 3, 3, 5, 5, 6, 7,
    ]);
    expect(only(text, 'roundhouse_request_duration_seconds_count', { pool: 'web' })).to.equal(7);
    expect(only(text, 'roundhouse_request_duration_seconds_sum', { pool: 'web' })).to.equal(4.5);
  });

  it('escape what a label may not hold', () => {
    const odd = 'a"b\\c\nd';
    const text = expose(readingsOf([poolNamed(odd, [])]), 'prometheus');
    expect(text).to.include('roundhouse_pool_panic{pool="a\\"b\\\\c\\nd"} 0\n');
    expect(samplesOf(text, 'roundhouse_pool_panic')[0]?.labels).to.deep.equal({ pool: odd });
  });

  it('have one series of a worker that is being replaced', () => {
    const workers = [
      workerNumbered(1, { state: 'draining', clientConnections: 5 }),
      workerNumbered(1, { state: 'listening', clientConnections: 2 }),
      workerNumbered(2, { state: 'listening', clientConnections: 3 }),
      workerNumbered(2, { state: 'starting', clientConnections: 0 }),
    ];
    const text = expose(readingsOf([], workers), 'prometheus');
    const shown = samplesOf(text, 'roundhouse_worker_client_connections');
    expect(shown.map(({ labels, value }) => [labels['worker'], value])).to.deep.equal([
      ['1', 2],
      ['2', 3],
    ]);
    expect(only(text, 'roundhouse_workers', { state: 'draining' })).to.equal(1);
  });
});

describe('The format of metrics', () => {
  it('is the older one unless the scraper likes the other at least as well', () => {
    const prometheus3 =
      'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,' +
      'application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2';
    expect(formatFor(prometheus3)).to.equal('openmetrics');
    expect(formatFor('application/openmetrics-text; version=1.0.0')).to.equal('openmetrics');
    for (const accept of [
      undefined,
      '*/*',
      'text/html,application/xhtml+xml,*/*;q=0.8',
      'text/plain;version=0.0.4',
      'application/openmetrics-text;q=0',
      'application/openmetrics-text;q=0.2,text/plain;q=0.9',
      'application/openmetrics-text; version=2.0.0',
      '',
      ';;q=,',
    ]) {
      expect(formatFor(accept), accept).to.equal('prometheus');
    }
  });
});

describe('The check of metrics', () => {
  const complaintsAbout = (text: string): readonly string[] => lintMetrics(readMetrics(text));

  it('finds what promtool would', () => {
    expect(complaintsAbout('# HELP a_total x\n# TYPE a_total gauge\na_total 1\n')).to.have.lengthOf(1);
    expect(complaintsAbout('# HELP a_ms x\n# TYPE a_ms gauge\na_ms 1\n')).to.have.lengthOf(1);
    expect(complaintsAbout('# TYPE a gauge\na 1\n')).to.deep.equal(['a: no help text']);
    expect(complaintsAbout('# HELP a x\n# TYPE a gauge\na{b="1"} 1\na{b="1"} 2\n')).to.have.lengthOf(1);
    expect(complaintsAbout('# HELP a x\n# TYPE a gauge\na{b="1"} 1\na{c="1"} 2\n')).to.have.lengthOf(1);
    expect(complaintsAbout('# HELP a x\n# TYPE a histogram\na_bucket{le="1.0"} 2\na_count 2\n')).to.have.lengthOf(1);
    expect(() => readMetrics('a 1\n')).to.throw('No TYPE before');
    expect(() => readMetrics('# TYPE a gauge\na{b="\n"} 1\n')).to.throw('No sample');
    expect(() => readMetrics('# TYPE a gauge\na 1')).to.throw('cut off');
  });
});
