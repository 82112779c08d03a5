import { expect } from 'chai';
import { expose } from '../../../src/control/metrics/exposition.js';
import { lintMetrics, readMetrics } from '../../support/metrics-text.js';
import { backendNamed, poolNamed, readingsOf } from './readings.js';

describe('The metrics of a pool of TCP connections', () => {
  const tcp = { protocol: 'tcp' } as const;
  const counts = { tcpOpened: 5, tcpReceived: 100, tcpSent: 7 };
  const db = { ...backendNamed('10.0.0.3:5432', {}, counts), ...tcp, inflight: 2 };
  const text = expose(
    readingsOf([poolNamed('web', [backendNamed('10.0.0.1:80')]), poolNamed('db', [db], tcp)]),
    'prometheus',
  );
  const lines = text
    .split('\n')
    .filter((line) => /roundhouse_(tcp|request_duration)/.test(line) && !line.startsWith('#'));

  it('count its connections and bytes, which pools for HTTP have none of', () => {
    const labels = 'pool="db",backend="10.0.0.3:5432"';
    expect(lines).to.include.members([
      `roundhouse_tcp_connections_total{${labels}} 5`,
      `roundhouse_tcp_connections{${labels}} 2`,
      `roundhouse_tcp_bytes_total{${labels},direction="received"} 100`,
      `roundhouse_tcp_bytes_total{${labels},direction="sent"} 7`,
    ]);
    expect(lines.filter((line) => line.includes('_tcp_') && line.includes('pool="web"'))).to.deep.equal([]);
  });

  it('have the durations of connections apart from those of requests', () => {
    const durations = lines.filter((line) => /_count\{/.test(line));
    expect(durations).to.have.members([
      'roundhouse_request_duration_seconds_count{pool="web"} 0',
      'roundhouse_tcp_connection_duration_seconds_count{pool="db"} 0',
    ]);
  });

  it('are what promtool has nothing to say about', () => {
    expect(lintMetrics(readMetrics(text))).to.deep.equal([]);
  });
});
