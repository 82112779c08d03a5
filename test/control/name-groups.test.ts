/** test/control/name-groups.test.ts: names that stand for all of their addresses, with a real name server. */
import { createServer } from 'node:http';
import { expect } from 'chai';
import { type BalancerView, type RunningBalancer, startBalancer } from '../../src/control/balancer.js';
import type { BackendView } from '../../src/control/view.js';
import { DnsServer } from '../support/dns-server.js';
import { eventually } from '../support/eventually.js';
import { makeLogFolder } from '../support/log-folder.js';
import { until } from './balancer-under-test.js';
import { closeEverything, configOf, LogBook, onClose, startHttp } from './support.js';

const NAME = 'app.test';

describe('A name of which every address is a backend', function () {
  this.timeout(20_000);
  let log: LogBook;
  let server: DnsServer;
  /** The port of the sites. */
  let port: number;

  beforeEach(async () => {
    log = new LogBook();
    server = await DnsServer.start();
    onClose(() => server.close());
    port = Number((await startHttp((_request, response) => response.end('127.0.0.1'))).split(':')[1]);
    await Promise.all(['127.0.0.2', '127.0.0.3'].map(siteAt));
  });
  afterEach(closeEverything);

  /** Starts a site that answers with its own address, at the common port. */
  async function siteAt(host: string): Promise<void> {
    const site = createServer((_request, response) => response.end(host));
    await new Promise<void>((resolve) => site.listen(port, host, resolve));
    onClose(() => {
      site.closeAllConnections();
      site.close();
    });
  }

  const listed = (settings: object = {}) => ({ address: `${NAME}:${port}`, resolve: 'all' as const, ...settings });
  const found = (...hosts: readonly string[]): void =>
    server.set(NAME, hosts[0]?.includes(':') ? 'AAAA' : 'A', hosts, 0);
  const idOf = (host: string): string => `${host}:${port}`;
  const backendsOf = ({ pools }: BalancerView): readonly BackendView[] => pools[0]?.backends ?? [];
  const hostsOf = (view: BalancerView): readonly string[] => backendsOf(view).map(({ host }) => host);

  async function start(
    pool: Parameters<typeof configOf>[2] = { backends: [listed()] },
    input: Parameters<typeof configOf>[1] = {},
  ): Promise<RunningBalancer> {
    const dns = { servers: [server.address], shortest: '50ms', ...input.dns };
    const balancer = await startBalancer(configOf([], { workers: 1, ...input, dns }, pool), log.logger);
    onClose(async () => {
      balancer.kill();
      await until(balancer, ({ workers }) => workers.length === 0);
    });
    return balancer;
  }

  const hostsAre = (balancer: RunningBalancer, ...hosts: readonly string[]): Promise<BalancerView> =>
    until(balancer, (view) => hostsOf(view).toSorted().join() === hosts.join());

  it('brings each address into the pool, with the settings of the name, and they serve', async () => {
    found('127.0.0.3', '127.0.0.1', '127.0.0.2');
    const balancer = await start({ backends: [listed({ weight: 3, maxConnections: 7 })], policy: 'round-robin' });
    const view = await until(balancer, (now) => backendsOf(now).every(({ health }) => health === 'up'));
    expect(
      backendsOf(view).map(({ id, name, service, weight, maxConnections }) => [
        id,
        name,
        service,
        weight,
        maxConnections,
      ]),
    ).to.deep.equal(['127.0.0.1', '127.0.0.2', '127.0.0.3'].map((host) => [idOf(host), NAME, idOf(NAME), 3, 7]));
    const texts = new Set<string>();
    for (let asked = 0; asked < 6; asked++) {
      texts.add(await (await fetch(`http://${balancer.addresses[0]}`)).text());
    }
    expect(texts).to.have.lengthOf(3);
  });

  it('takes addresses of both kinds', async () => {
    found('127.0.0.1');
    server.set(NAME, 'AAAA', ['::1'], 0);
    const balancer = await start();
    expect(hostsOf(await hostsAre(balancer, '127.0.0.1', '::1'))).to.have.lengthOf(2);
  });

  it('follows what comes and goes, and leaves alone what stays', async () => {
    found('127.0.0.1', '127.0.0.2');
    const balancer = await start();
    await until(balancer, (view) => backendsOf(view).every(({ health }) => health === 'up'));
    await fetch(`http://${balancer.addresses[0]}`);
    const [before] = backendsOf(await until(balancer, (view) => backendsOf(view).some(({ requests }) => requests > 0)));
    balancer.updateBackend('default', idOf('127.0.0.1'), { weight: 9 });
    found('127.0.0.1', '127.0.0.3');
    const [after] = backendsOf(await hostsAre(balancer, '127.0.0.1', '127.0.0.3'));
    expect(after).to.include({ id: before?.id, since: before?.since, requests: before?.requests, weight: 9 });
  });

  it('keeps the last answer while name servers fail, for one kind of address too', async () => {
    found('127.0.0.1', '127.0.0.2');
    const balancer = await start();
    for (const failure of ['server-failure', 'one kind'] as const) {
      if (failure === 'one kind') server.failing = ['AAAA'];
      else server.failure = failure;
      const before = server.asked.length;
      await eventually('it is asked for again', () => server.asked.length >= before + 8);
      expect(hostsOf(balancer.view())).to.deep.equal(['127.0.0.1', '127.0.0.2']);
      server.failure = undefined;
      server.failing = [];
    }
    expect(log.all('backend name does not resolve').length).to.be.within(1, 2);
  });

  it('loses its backends when the name is gone, says so in their place, and gets them back', async () => {
    found('127.0.0.1', '127.0.0.2');
    const balancer = await start();
    await hostsAre(balancer, '127.0.0.1', '127.0.0.2');
    found();
    const view = await hostsAre(balancer, NAME);
    expect(backendsOf(view)[0]).to.include({ id: idOf(NAME), health: 'down', reason: 'the name does not resolve' });
    expect((await fetch(`http://${balancer.addresses[0]}`)).status).to.equal(503);
    found('127.0.0.3');
    await hostsAre(balancer, '127.0.0.3');
  });

  it('passes on what operators change about the name, to those that join later too', async () => {
    found('127.0.0.1');
    const balancer = await start();
    await hostsAre(balancer, '127.0.0.1');
    balancer.updateBackend('default', idOf(NAME), { weight: 5, admin: 'draining' });
    found('127.0.0.1', '127.0.0.2');
    const view = await hostsAre(balancer, '127.0.0.1', '127.0.0.2');
    expect(backendsOf(view).map(({ weight, admin }) => [weight, admin])).to.deep.equal([
      [5, 'draining'],
      [5, 'draining'],
    ]);
    expect(balancer.config.pools['default']?.backends).to.deep.equal([
      { ...listed(), weight: 5, tier: 0, maxConnections: 0, admin: 'draining' },
    ]);
  });

  it('can be added and removed while the balancer runs, and a restart remembers it, and what drains', async () => {
    const folder = makeLogFolder();
    onClose(() => folder.remove());
    const stateFile = folder.path('state.json');
    found('127.0.0.1', '127.0.0.2');
    const first = await start({ backends: [], services: [{ name: '_none._tcp.test' }] }, { stateFile });
    first.addBackend('default', listed({ weight: 4 }));
    await hostsAre(first, '127.0.0.1', '127.0.0.2');
    first.updateBackend('default', idOf('127.0.0.2'), { admin: 'draining' });
    const written = (text: string) => () => folder.lines('state.json').some((line) => line.includes(text));
    await eventually('both are on disk', () => written('"all"')() && written('draining')());
    first.kill();
    const second = await start({ backends: [], services: [{ name: '_none._tcp.test' }] }, { stateFile });
    const view = await hostsAre(second, '127.0.0.1', '127.0.0.2');
    expect(backendsOf(view).map(({ weight, admin }) => [weight, admin])).to.deep.equal([
      [4, 'enabled'],
      [4, 'draining'],
    ]);
    second.removeBackend('default', idOf(NAME));
    await hostsAre(second);
    expect(() => second.removeBackend('default', idOf(NAME))).to.throw(/has no backend/);
  });

  it('uses no more addresses than are allowed, those in use first, and counts the others', async () => {
    found('127.0.0.2', '127.0.0.3');
    const balancer = await start(undefined, { dns: { addresses: 2 } });
    await hostsAre(balancer, '127.0.0.2', '127.0.0.3');
    found('127.0.0.1', '127.0.0.2', '127.0.0.3');
    const said = await log.next('a name has more addresses than are used');
    expect(said).to.include({ pool: 'default', name: idOf(NAME), found: 3, used: 2 });
    expect(hostsOf(balancer.view())).to.deep.equal(['127.0.0.2', '127.0.0.3']);
  });

  it('does not use an address of the balancer itself', async () => {
    found('127.0.0.1');
    const balancer = await start(
      { backends: [], services: [{ name: '_none._tcp.test' }] },
      { listeners: [{ address: '0.0.0.0:0' }] },
    );
    const own = Number(balancer.addresses[0]?.split(':')[1]);
    balancer.addBackend('default', { address: `${NAME}:${own}`, resolve: 'all' });
    const said = await log.next('DNS names an address of this balancer as a backend; it is not used');
    expect(said).to.deep.include({ pool: 'default', name: `${NAME}:${own}`, addresses: [`127.0.0.1 port ${own}`] });
    expect(hostsOf(balancer.view())).to.deep.equal([NAME]);
    expect(() => balancer.addBackend('default', { address: `127.0.0.1:${own}` })).to.throw(
      /leads back to this balancer/,
    );
  });

  it('is the Host of probes, and of requests where the pool asks for it', async () => {
    const hosts = new Set<string>();
    const address = await startHttp(({ headers }, response) => {
      hosts.add(headers.host ?? '');
      response.end();
    });
    found('127.0.0.1');
    const named = `${NAME}:${address.split(':')[1]}`;
    const balancer = await start({
      backends: [{ address: named, resolve: 'all' }],
      host: 'backend',
      healthCheck: { path: '/' },
    });
    await until(balancer, (view) => backendsOf(view).some(({ health }) => health === 'up'));
    expect([...hosts]).to.deep.equal([named]);
    await fetch(`http://${balancer.addresses[0]}`);
    expect([...hosts]).to.deep.equal([named]);
  });

  it('is refused where it contradicts what the pool has', async () => {
    found('127.0.0.1');
    const balancer = await start();
    await hostsAre(balancer, '127.0.0.1');
    expect(() => balancer.addBackend('default', { address: idOf(NAME) })).to.throw(
      /with resolve all; remove it before/,
    );
    expect(() => balancer.addBackend('default', { address: '127.0.0.9:80', resolve: 'all' })).to.throw(/is an address/);
  });
});
