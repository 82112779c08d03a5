/** test/control/outlier-ejection.test.ts: which backends a balancer with real workers ejects. */
import http from 'node:http';
import { expect } from 'chai';
import type { ConfigInput } from '../../src/config/schema.js';
import { type RunningBalancer, startBalancer } from '../../src/control/balancer.js';
import type { BackendView } from '../../src/control/view.js';
import { until } from './balancer-under-test.js';
import { closeEverything, configOf, LogBook, onClose, startHttp } from './support.js';

type PoolInput = NonNullable<ConfigInput['pools'][string]>;

describe('A balancer of two workers', () => {
  afterEach(async () => {
    await closeEverything();
    answers.clear();
  });

  /** By address, what each backend answers: a status, or one that is chosen request by request. */
  const answers = new Map<string, () => number>();

  async function startBackends(count: number): Promise<readonly string[]> {
    const start = async (): Promise<string> => {
      const address = await startHttp((_request, response) => {
        response.writeHead(answers.get(address)?.() ?? 200).end();
      });
      return address;
    };
    return Promise.all(Array.from({ length: count }, start));
  }

  async function start(backends: readonly string[], pool: Partial<PoolInput>): Promise<RunningBalancer> {
    const healthCheck = { interval: '1h' };
    const config = configOf(backends, { workers: 2 }, { policy: 'round-robin', healthCheck, ...pool });
    const balancer = await startBalancer(config, new LogBook().logger);
    onClose(async () => {
      balancer.kill();
      await until(balancer, ({ workers }) => workers.length === 0);
    });
    return balancer;
  }

  /** Asks again and again until that holds. */
  async function askUntil(balancer: RunningBalancer, holds: () => boolean): Promise<void> {
    const [host, port] = (balancer.addresses[0] ?? '').split(':');
    const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
    const ask = (): Promise<void> =>
      new Promise((resolve, reject) => {
        const request = http.get({ host, port, agent }, (response) => response.resume().on('end', resolve));
        request.on('error', reject);
      });
    while (!holds()) await Promise.all(Array.from({ length: 8 }, ask));
    agent.destroy();
  }

  const backendsOf = (balancer: RunningBalancer): readonly BackendView[] => balancer.view().pools[0]?.backends ?? [];
  const outliersOf = (balancer: RunningBalancer): readonly string[] =>
    backendsOf(balancer).map(({ outlier }) => outlier);
  const first = (balancer: RunningBalancer): BackendView | undefined => backendsOf(balancer)[0];

  it('ejects a backend that answers with gateway errors only, and takes it back with a slow start', async () => {
    const backends = await startBackends(3);
    const [bad] = backends;
    answers.set(bad ?? '', () => 503);
    const outlier = { consecutiveGatewayErrors: 5, ejection: '500ms' };
    const balancer = await start(backends, { outlier, slowStart: '1m' });
    await askUntil(balancer, () => first(balancer)?.outlier === 'ejected');
    expect(first(balancer)?.lastChange.reason).to.match(/^\d+ failures in a row \(gateway-error\)$/);
    expect(outliersOf(balancer)).to.deep.equal(['ejected', 'in', 'in']);
    expect(Date.parse(first(balancer)?.ejectedUntil ?? '') - Date.now()).to.be.at.most(500);
    answers.set(bad ?? '', () => 200);
    await until(balancer, () => first(balancer)?.outlier === 'in');
    expect(first(balancer)?.ejectedUntil).to.equal(null);
    expect(first(balancer)?.usableSince).to.be.greaterThan(0);
    expect(first(balancer)?.ejections).to.equal(1);
  });

  it('ejects nobody while all answer with gateway errors', async () => {
    const backends = await startBackends(3);
    for (const address of backends) answers.set(address, () => 503);
    const balancer = await start(backends, { outlier: { consecutiveGatewayErrors: 5, ejection: '1m' } });
    await askUntil(balancer, () => balancer.view().totals.requests > 300);
    expect(outliersOf(balancer)).to.deep.equal(['in', 'in', 'in']);
  });

  it('ejects a backend that fails more often than the others, though never in a row', async () => {
    const backends = await startBackends(5);
    const [flaky] = backends;
    let served = 0;
    answers.set(flaky ?? '', () => {
      served += 1;
      return served % 2 === 0 ? 500 : 200;
    });
    const successRate = { interval: '2s', requests: 20 };
    const balancer = await start(backends, { outlier: { consecutiveGatewayErrors: 3, successRate } });
    await askUntil(balancer, () => first(balancer)?.outlier === 'ejected');
    expect(first(balancer)?.lastChange.reason).to.match(/^\d\d\.\d % of its requests succeed, \d\d\.\d % of all/);
    expect(outliersOf(balancer)).to.deep.equal(['ejected', 'in', 'in', 'in', 'in']);
  });
});
