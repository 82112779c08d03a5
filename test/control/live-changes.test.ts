import http from 'node:http';
import { expect } from 'chai';
import { type BalancerView, type RunningBalancer, startBalancer } from '../../src/control/balancer.js';
import type { BackendView } from '../../src/control/view.js';
import { atRest, eventually } from '../support/eventually.js';
import { type Load, startLoad as startClients } from '../support/load.js';
import { until } from './balancer-under-test.js';
import { addressOf, closeEverything, configOf, LogBook, onClose, startHttp } from './support.js';

/** How long a backend takes for an answer, in milliseconds. */
const ANSWER_MS = 2;

interface Site {
  readonly address: string;
  hits: number;
  readonly close: () => void;
}

/** A backend that takes a moment for each answer, and that can be taken down for good. */
async function startSite(): Promise<Site> {
  const server = http.createServer((_request, response) => {
    site.hits += 1;
    setTimeout(() => response.end('here'), ANSWER_MS);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  onClose(close);
  const site: Site = { address: addressOf(server), hits: 0, close };
  return site;
}

describe('A pool that changes while it is used', () => {
  let balancer: RunningBalancer;
  let sites: readonly Site[];

  beforeEach(async () => {
    sites = [await startSite(), await startSite()];
    const config = configOf(
      sites.map(({ address }) => address),
      { workers: 2, admin: '127.0.0.1:0' },
      // A timer that is left behind stays to be seen.
      { healthCheck: { interval: '1h', changingInterval: '1h' } },
    );
    balancer = await startBalancer(config, new LogBook().logger);
    onClose(async () => {
      balancer.kill();
      await until(balancer, ({ workers }) => workers.length === 0);
    });
  });
  afterEach(closeEverything);

  const find = ({ pools }: BalancerView, id: string): BackendView | undefined =>
    pools[0]?.backends.find((backend) => backend.id === id);

  /** Whether every worker has heard of every change. */
  const isConverged = ({ pools, workers }: BalancerView): boolean =>
    workers.every(({ versions }) => versions['default'] === pools[0]?.version);

  function startLoad(): Load {
    const load = startClients(`http://${balancer.addresses[0]}/`);
    onClose(async () => void (await load.stop()));
    return load;
  }

  it('loses no request when backends come, weigh more, drain, go and are shut down', async () => {
    const load = startLoad();
    for (let round = 0; round < 3; round += 1) {
      const site = await startSite();
      balancer.addBackend('default', { address: site.address });
      await until(balancer, () => site.hits > 0);
      for (const weight of [50, 1, 9]) balancer.updateBackend('default', site.address, { weight });
      balancer.updateBackend('default', site.address, { admin: 'draining' });
      await until(balancer, (view) => find(view, site.address)?.drained === true);
      const { hits } = site;
      balancer.removeBackend('default', site.address);
      const { answered } = load;
      await until(balancer, () => load.answered > answered + 100);
      expect(site.hits, 'requests after it had drained').to.equal(hits);
      site.close();
    }
    await load.stop();
    expect(load.failures).to.deep.equal([]);
  });

  it('loses no request when a backend in use is removed at once and comes back, many times', async () => {
    const load = startLoad();
    const [, second] = sites;
    for (let round = 0; round < 50; round += 1) {
      const hits = second?.hits ?? 0;
      await until(balancer, () => (second?.hits ?? 0) > hits);
      balancer.removeBackend('default', second?.address ?? '');
      const { answered } = load;
      await until(balancer, () => load.answered > answered);
      balancer.addBackend('default', { address: second?.address ?? '' });
    }
    await load.stop();
    expect(load.failures).to.deep.equal([]);
  });

  it('sends traffic by the new weight from then on', async () => {
    const [first, second] = sites;
    balancer.updateBackend('default', second?.address ?? '', { weight: 9 });
    const load = startLoad();
    await until(balancer, () => load.answered >= 2_000);
    await load.stop();
    const share = (second?.hits ?? 0) / ((first?.hits ?? 0) + (second?.hits ?? 0));
    expect(share).to.be.within(0.8, 0.98);
  });

  it('is the same for a worker that starts afterwards', async () => {
    const [first, second] = sites;
    const third = await startSite();
    balancer.removeBackend('default', first?.address ?? '');
    balancer.updateBackend('default', second?.address ?? '', { admin: 'draining' });
    balancer.addBackend('default', { address: third.address });
    const old = new Set(balancer.view().workers.map(({ pid }) => pid));
    for (const pid of old) process.kill(pid ?? 0, 'SIGKILL');
    await until(
      balancer,
      ({ workers }) =>
        workers.every(({ pid, state }) => !old.has(pid) && state === 'listening') && workers.length === 2,
    );
    const load = startLoad();
    await until(balancer, () => load.answered >= 100);
    await load.stop();
    expect([first?.hits, second?.hits, load.failures]).to.deep.equal([0, 0, []]);
    expect(third.hits).to.equal(load.answered);
  });

  it('says that a backend has drained only when every worker has finished what it had there', async () => {
    let answer = (): void => {};
    let arrive = (): void => {};
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    const slow = await startHttp((_request, response) => {
      answer = () => void response.end();
      arrive();
    });
    for (const { address } of sites) balancer.updateBackend('default', address, { admin: 'maintenance' });
    balancer.addBackend('default', { address: slow });
    await until(balancer, isConverged);
    const status = new Promise((resolve) => {
      http.get(`http://${balancer.addresses[0]}`, { agent: false }, ({ statusCode }) => resolve(statusCode));
    });
    await arrived;
    balancer.updateBackend('default', slow, { admin: 'draining' });
    // What was counted before the request came must not pass for what is in flight now.
    expect(find(balancer.view(), slow)?.drained).to.equal(false);
    const busy = await until(balancer, (view) => find(view, slow)?.inflight === 1);
    expect(find(busy, slow)?.drained).to.equal(false);
    answer();
    expect(await status).to.equal(200);
    await until(balancer, (view) => find(view, slow)?.drained === true);
  });

  it('loses no request when the time to drain is over: they go to another backend', async () => {
    let held = 0;
    const hung = await startHttp(() => {
      held += 1;
    });
    balancer.addBackend('default', { address: hung });
    // Least connections would soon avoid it; a few requests hang there all the same.
    const load = startLoad();
    await until(balancer, () => held > 0);
    balancer.updateBackend('default', hung, { admin: 'draining', within: '300ms' });
    const draining = find(balancer.view(), hung);
    expect(Date.parse(draining?.drainEndsAt ?? '') - Date.now()).to.be.within(0, 300);
    await until(balancer, (view) => find(view, hung)?.drained === true);
    expect(find(balancer.view(), hung)).to.include({ drainEndsAt: null, ejections: 0 });
    await load.stop();
    expect(load.failures).to.deep.equal([]);
  });

  it('leaves what hangs alone when its backend is enabled again in time', async () => {
    let answer = (): void => {};
    let asked = 0;
    const slow = await startHttp((_request, response) => {
      asked += 1;
      answer = () => void response.end();
    });
    for (const { address } of sites) balancer.updateBackend('default', address, { admin: 'maintenance' });
    balancer.addBackend('default', { address: slow });
    await until(balancer, ({ convergence }) => convergence.pending === 0);
    const status = new Promise((resolve) => {
      http.get(`http://${balancer.addresses[0]}`, { agent: false }, ({ statusCode }) => resolve(statusCode));
    });
    await until(balancer, (view) => find(view, slow)?.inflight === 1);
    balancer.updateBackend('default', slow, { admin: 'draining', within: '50ms' });
    balancer.updateBackend('default', slow, { admin: 'enabled' });
    expect(find(balancer.view(), slow)?.drainEndsAt).to.equal(null);
    // Timers fire in the order in which they are due, and a worker's channel keeps order.
    const [other = ''] = sites.map(({ address }) => address);
    balancer.updateBackend('default', other, { admin: 'draining', within: '60ms' });
    await until(balancer, (view) => find(view, other)?.drainEndsAt === null);
    balancer.updateBackend('default', other, { weight: 2 });
    await until(balancer, isConverged);
    answer();
    expect(await status).to.equal(200);
    expect(asked, 'and never again').to.equal(1);
  });

  it('leaves no timer, probe or handle behind after 200 backends came and went', async () => {
    const resources = (): string => process.getActiveResourcesInfo().sort().join();
    let probes = 0;
    const probed = await startHttp((_request, response) => {
      probes += 1;
      response.end();
    });
    const answering: http.RequestListener = (_request, response) => void response.end();
    const [one, another] = [await startHttp(answering), await startHttp(answering)];
    /** Probes are made in the order in which they are asked for: those before have been made or dropped, too. */
    const probe = async (address: string): Promise<void> => {
      balancer.addBackend('default', { address });
      await until(balancer, (view) => find(view, address)?.health === 'up');
      balancer.removeBackend('default', address);
    };
    const churn = (from: number, count: number): void => {
      for (let port = from; port < from + count; port += 1) {
        const addresses = [probed, `127.0.0.2:${port}`, `localhost:${port}`];
        for (const address of addresses) balancer.addBackend('default', { address });
        for (const address of addresses) balancer.removeBackend('default', address);
      }
    };
    // The first ones start what is kept on purpose, such as the second probe thread.
    churn(40_001, 5);
    await probe(one);
    const before = await atRest('timers and handles', resources);
    churn(40_006, 70);
    await eventually(
      () => `what was there: ${before}; what is there: ${resources()}`,
      () => balancer.view().convergence.pending === 0 && resources() === before,
    );
    expect(balancer.view().pools[0]?.backends.map(({ id }) => id)).to.deep.equal(sites.map(({ address }) => address));
    const then = probes;
    await probe(another);
    expect(probes).to.equal(then);
  });
});
