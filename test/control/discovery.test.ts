import { expect } from 'chai';
import { type BalancerView, type RunningBalancer, startBalancer } from '../../src/control/balancer.js';
import type { BackendView } from '../../src/control/view.js';
import { DnsServer } from '../support/dns-server.js';
import { eventually } from '../support/eventually.js';
import { makeLogFolder } from '../support/log-folder.js';
import { until } from './balancer-under-test.js';
import { closeEverything, configOf, LogBook, onClose, startHttp } from './support.js';

const SERVICE = '_http._tcp.app.test';

describe('A balancer whose backends have names', function () {
  this.timeout(20_000);
  let log: LogBook;
  let server: DnsServer;

  beforeEach(async () => {
    log = new LogBook();
    server = await DnsServer.start();
    onClose(() => server.close());
  });
  afterEach(closeEverything);

  /** With the real workers, and answers that hold for a moment only. */
  async function start(
    pool: Parameters<typeof configOf>[2],
    backends: readonly string[] = [],
    input: Parameters<typeof configOf>[1] = {},
  ): Promise<RunningBalancer> {
    const dns = { servers: [server.address], shortest: '50ms' };
    const balancer = await startBalancer(configOf(backends, { workers: 1, dns, ...input }, pool), log.logger);
    onClose(async () => {
      balancer.kill();
      await until(balancer, ({ workers }) => workers.length === 0);
    });
    return balancer;
  }

  const backendsOf = ({ pools }: BalancerView): readonly BackendView[] => pools[0]?.backends ?? [];
  const portOf = (address: string): number => Number(address.split(':')[1]);
  const site = (text: string): Promise<string> => startHttp((_request, response) => response.end(text));

  /** Asks until it has been answered so; nothing else may come but what is `allowed`. */
  async function answers(balancer: RunningBalancer, wanted: string, ...allowed: readonly string[]): Promise<void> {
    for (;;) {
      const text = await (await fetch(`http://${balancer.addresses[0]}`)).text();
      if (text === wanted) return;
      expect(allowed).to.include(text);
    }
  }

  it('follows a name to another address when the answer has changed, and loses no request', async () => {
    const one = await site('one');
    const port = portOf(one);
    server.set('app.test', 'A', ['127.0.0.1'], 0);
    const balancer = await start({}, [`app.test:${port}`]);
    await answers(balancer, 'one');
    // The same port at another loopback address.
    const { createServer } = await import('node:http');
    const other = createServer((_request, response) => response.end('two'));
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.2', resolve));
    onClose(() => {
      other.closeAllConnections();
      other.close();
    });
    server.set('app.test', 'A', ['127.0.0.2'], 0);
    await answers(balancer, 'two', 'one');
    expect(backendsOf(balancer.view())[0]).to.include({ id: `app.test:${port}`, host: '127.0.0.2' });
  });

  it('keeps the last good address while the name server fails, is silent, or knows the name no more', async () => {
    const one = await site('one');
    server.set('app.test', 'A', ['127.0.0.1'], 0);
    const balancer = await start({}, [`app.test:${portOf(one)}`]);
    await answers(balancer, 'one');
    server.set('app.test', 'A', []);
    await log.next('backend name does not resolve');
    await answers(balancer, 'one');
    expect(backendsOf(balancer.view())[0]).to.include({ host: '127.0.0.1', health: 'up' });
  });

  it('asks again no sooner than the TTL says', async () => {
    const one = await site('one');
    server.set('short.test', 'A', ['127.0.0.1'], 0);
    server.set('long.test', 'A', ['127.0.0.1'], 3_600);
    await start({}, [`short.test:${portOf(one)}`, `long.test:${portOf(one)}`]);
    const times = (name: string): number => server.asked.filter((each) => each === `${name} A`).length;
    await eventually('the short one is asked for again and again', () => times('short.test') >= 5);
    expect(times('long.test')).to.equal(1);
  });

  it('takes several backends from one service, with their weights, the others of a higher priority as a reserve', async () => {
    const [one, two, spare] = [await site('one'), await site('two'), await site('spare')];
    for (const name of ['a.test', 'b.test', 'c.test']) server.set(name, 'A', ['127.0.0.1'], 0);
    server.set(SERVICE, 'SRV', [
      { target: 'a.test', port: portOf(one), weight: 3 },
      { target: 'b.test', port: portOf(two), weight: 1 },
      { target: 'c.test', port: portOf(spare), priority: 5 },
    ]);
    const balancer = await start({ services: [{ name: SERVICE, maxConnections: 50 }] });
    const named = await until(balancer, (view) => backendsOf(view).every(({ health }) => health === 'up'));
    expect(
      backendsOf(named).map(({ id, weight, tier, service, maxConnections }) => [
        id,
        weight,
        tier,
        service,
        maxConnections,
      ]),
    ).to.deep.equal([
      [`a.test:${portOf(one)}`, 3, 0, SERVICE, 50],
      [`b.test:${portOf(two)}`, 1, 0, SERVICE, 50],
      [`c.test:${portOf(spare)}`, 1, 1, SERVICE, 50],
    ]);
    await answers(balancer, 'one', 'two');
    await answers(balancer, 'two', 'one');
  });

  it('follows a service: what joins, what changes and what leaves', async () => {
    const [one, two] = [await site('one'), await site('two')];
    for (const name of ['a.test', 'b.test']) server.set(name, 'A', ['127.0.0.1'], 0);
    server.set(SERVICE, 'SRV', [{ target: 'a.test', port: portOf(one) }]);
    const balancer = await start({ services: [{ name: SERVICE }] });
    await answers(balancer, 'one');
    const second = { target: 'b.test', port: portOf(two) };
    server.set(SERVICE, 'SRV', [{ target: 'a.test', port: portOf(one), weight: 7 }, second]);
    await until(balancer, (view) => backendsOf(view)[0]?.weight === 7 && backendsOf(view)[1]?.health === 'up');
    server.set(SERVICE, 'SRV', [second]);
    await until(balancer, (view) => backendsOf(view).length === 1);
    await answers(balancer, 'two', 'one');
  });

  it('keeps the backends of a service that does not resolve any more, and what people have done to them', async () => {
    const one = await site('one');
    server.set('a.test', 'A', ['127.0.0.1'], 0);
    server.set(SERVICE, 'SRV', [{ target: 'a.test', port: portOf(one) }]);
    const balancer = await start({ services: [{ name: SERVICE }] });
    await answers(balancer, 'one');
    balancer.updateBackend('default', `a.test:${portOf(one)}`, { weight: 9 });
    server.failure = 'server-failure';
    const complaint = await log.next('service does not resolve; its backends stay');
    expect(complaint).to.include({ pool: 'default', service: SERVICE });
    await answers(balancer, 'one');
    server.failure = undefined;
    const before = server.asked.length;
    await eventually('it is asked for again', () => server.asked.length >= before + 4);
    expect(backendsOf(balancer.view()).map(({ weight }) => weight)).to.deep.equal([9]);
    expect(log.all('service does not resolve; its backends stay')).to.have.lengthOf(1);
  });

  it('keeps the backends of a service whose record says that it is not offered', async () => {
    const one = await site('one');
    server.set('a.test', 'A', ['127.0.0.1'], 0);
    server.set(SERVICE, 'SRV', [{ target: 'a.test', port: portOf(one) }]);
    const balancer = await start({ services: [{ name: SERVICE }] });
    await answers(balancer, 'one');
    server.set(SERVICE, 'SRV', [{ target: '.', port: 0 }]);
    const complaint = await log.next('service does not resolve; its backends stay');
    expect(complaint).to.include({ reason: 'it names no backend' });
    await answers(balancer, 'one');
    expect(backendsOf(balancer.view())).to.have.lengthOf(1);
  });

  it('remembers over a restart that a backend of a service drains, before it is named again and after', async () => {
    const folder = makeLogFolder();
    onClose(() => folder.remove());
    const stateFile = folder.path('state.json');
    const one = await site('one');
    const id = `a.test:${portOf(one)}`;
    server.set('a.test', 'A', ['127.0.0.1'], 0);
    server.set(SERVICE, 'SRV', [{ target: 'a.test', port: portOf(one) }]);
    const first = await start({ services: [{ name: SERVICE }] }, [], { stateFile });
    await answers(first, 'one');
    first.updateBackend('default', id, { admin: 'draining' });
    await eventually('it is on disk', () => folder.lines('state.json').some((line) => line.includes('draining')));
    first.kill();
    // Nothing names it, and another change is written.
    server.set(SERVICE, 'SRV', []);
    const second = await start({ services: [{ name: SERVICE }] }, [], { stateFile });
    second.addBackend('default', { address: '127.0.0.1:9' });
    await eventually('it is on disk', () => folder.lines('state.json').some((line) => line.includes('127.0.0.1:9')));
    second.kill();
    server.set(SERVICE, 'SRV', [{ target: 'a.test', port: portOf(one) }]);
    const third = await start({ services: [{ name: SERVICE }] }, [], { stateFile });
    await until(third, (view) => backendsOf(view).length === 2);
    expect(backendsOf(third.view()).map((each) => [each.id, each.admin])).to.deep.include([id, 'draining']);
  });

  it('leaves a backend to the file that lists it too', async () => {
    const one = await site('one');
    const address = `a.test:${portOf(one)}`;
    server.set('a.test', 'A', ['127.0.0.1'], 0);
    server.set(SERVICE, 'SRV', [{ target: 'a.test', port: portOf(one) }]);
    const balancer = await start({ services: [{ name: SERVICE }] }, [address]);
    await eventually('the service is asked for', () => server.asked.includes(`${SERVICE} SRV`));
    server.set(SERVICE, 'SRV', [{ target: 'b.test', port: 9 }]);
    await until(balancer, (view) => backendsOf(view).length === 2);
    expect(backendsOf(balancer.view())[0]).to.include({ id: address, weight: 1, service: null });
  });
});
