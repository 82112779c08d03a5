import { expect } from 'chai';
import { type BalancerView, ChangeError, type RunningBalancer } from '../../src/control/balancer.js';
import type { BackendView } from '../../src/control/view.js';
import type { PoolSnapshot } from '../../src/core/snapshot.js';
import { eventually } from '../support/eventually.js';
import { Client, startUnderTest, until } from './balancer-under-test.js';
import { closeEverything, configOf, LogBook, refusingAddress, startHttp, startTcp } from './support.js';

describe('A running balancer', () => {
  let log: LogBook;
  let first: string;

  beforeEach(async () => {
    log = new LogBook();
    first = await startTcp();
  });
  afterEach(closeEverything);

  const start = (...how: Parameters<typeof configOf>): Promise<RunningBalancer> =>
    startUnderTest(configOf(...how), log);

  const backendsOf = ({ pools }: BalancerView): readonly BackendView[] => pools[0]?.backends ?? [];
  const idsOf = (balancer: RunningBalancer): readonly string[] => backendsOf(balancer.view()).map(({ id }) => id);
  const versionOf = (balancer: RunningBalancer): number => balancer.view().pools[0]?.version ?? 0;

  /** @returns the pool as every worker has it */
  async function poolInWorkers(balancer: RunningBalancer): Promise<PoolSnapshot | undefined> {
    await until(balancer, ({ pools, workers }) =>
      workers.every(({ versions }) => versions['default'] === pools[0]?.version),
    );
    const client = new Client(balancer.addresses[0] ?? '');
    await client.pid();
    const [snapshot]: PoolSnapshot[] = JSON.parse(await client.command('pool'));
    return snapshot;
  }

  function problemOf(act: () => unknown): ChangeError {
    try {
      act();
    } catch (error) {
      if (error instanceof ChangeError) return error;
      throw error;
    }
    throw new Error('Nothing was refused');
  }

  describe('that is given a backend', () => {
    it('takes it as usable at once, probes it at once and tells the workers', async () => {
      const balancer = await start([first], {}, { healthCheck: { interval: '1h', changingInterval: '1h' } });
      const added = await startTcp();
      const before = versionOf(balancer);
      expect(balancer.addBackend('default', { address: added, weight: 3 })).to.equal(before + 1);
      expect(backendsOf(balancer.view())[1]).to.include({ id: added, weight: 3, health: 'unknown' });
      await log.next('backend is up', 2);
      expect(backendsOf(balancer.view())[1]).to.include({ health: 'up', reason: 'connected' });
      expect((await poolInWorkers(balancer))?.backends.map(({ id }) => id)).to.deep.equal([first, added]);
    });

    it('finds out that it is down', async () => {
      const balancer = await start([first]);
      const added = await refusingAddress();
      balancer.addBackend('default', { address: added });
      expect(await log.next('backend is down')).to.include({ backend: added, reason: 'connection refused' });
    });

    it('resolves its name, then probes it', async () => {
      const balancer = await start([first]);
      const port = (await startTcp()).split(':')[1];
      balancer.addBackend('default', { address: `LOCALHOST:${port}` });
      expect(await log.next('backend is up', 2)).to.include({ backend: `localhost:${port}` });
      expect(backendsOf(balancer.view())[1]).to.include({ host: '127.0.0.1' });
    });

    it('changes nothing when it has it already', async () => {
      const balancer = await start([first]);
      const before = versionOf(balancer);
      expect(balancer.addBackend('default', { address: first, weight: 1 })).to.equal(before);
    });

    it('gives it to a worker that starts later', async () => {
      const balancer = await start([first]);
      const added = await startTcp();
      balancer.addBackend('default', { address: added });
      balancer.updateBackend('default', first, { admin: 'draining' });
      await balancer.roll();
      await until(balancer, ({ workers }) => workers.length === 1);
      const snapshot = await poolInWorkers(balancer);
      expect(snapshot?.backends.map(({ id, admin }) => [id, admin])).to.deep.equal([
        [first, 'draining'],
        [added, 'enabled'],
      ]);
    });
  });

  describe('that loses a backend', () => {
    it('tells the workers, probes it no more and forgets what it counted', async () => {
      const probes = { kept: 0, removed: 0 };
      const kept = await startHttp((_request, response) => {
        probes.kept += 1;
        response.end();
      });
      const removed = await startHttp((_request, response) => {
        probes.removed += 1;
        response.end();
      });
      const balancer = await start([kept, removed], {}, { healthCheck: { path: '/', interval: '5ms' } });
      const client = new Client(balancer.addresses[0] ?? '');
      await client.pid();
      await client.command(`count ${removed} 5 3`);
      await until(balancer, (view) => backendsOf(view)[1]?.requests === 5);
      balancer.removeBackend('default', removed);
      expect((await poolInWorkers(balancer))?.backends.map(({ id }) => id)).to.deep.equal([kept]);
      const then = { ...probes };
      await eventually('the other is probed ten times', () => probes.kept >= then.kept + 10);
      expect(probes.removed - then.removed, 'a probe that was under way').to.be.at.most(1);
      await client.command(`count ${removed} 7 1`);
      await client.command(`count ${kept} 1 0`);
      await until(balancer, (view) => backendsOf(view)[0]?.requests === 1);
      balancer.addBackend('default', { address: removed });
      expect(backendsOf(balancer.view())[1]).to.include({ requests: 0, inflight: 0 });
    });

    it('may lose the last one, and says what that means', async () => {
      const balancer = await start([first]);
      balancer.removeBackend('default', first);
      expect(idsOf(balancer)).to.deep.equal([]);
      expect(log.all('no backend takes requests any more; they are answered 503')).to.have.lengthOf(1);
    });

    it('knows it however its address is written', async () => {
      const balancer = await start([first, '[::1]:9', 'localhost:9']);
      balancer.removeBackend('default', '[0:0:0:0:0:0:0:1]:9');
      balancer.removeBackend('default', 'LocalHost:9');
      expect(idsOf(balancer)).to.deep.equal([first]);
    });
  });

  describe('whose operator changes a backend', () => {
    it('changes weight, limit and admin state in one version, and nothing when nothing changes', async () => {
      const balancer = await start([first]);
      const before = versionOf(balancer);
      const change = { weight: 7, maxConnections: 40, admin: 'maintenance' } as const;
      expect(balancer.updateBackend('default', first, change)).to.equal(before + 1);
      expect(balancer.updateBackend('default', first, change)).to.equal(before + 1);
      expect((await poolInWorkers(balancer))?.backends[0]).to.include({ ...change, health: 'up' });
    });
  });

  describe('asked for what cannot be', () => {
    const cases: readonly (readonly [string, (balancer: RunningBalancer) => unknown, string, RegExp])[] = [
      [
        'an unknown pool',
        (b) => b.addBackend('defualt', { address: 'a:1' }),
        'unknown',
        /^There is no pool "defualt"; did you mean "default"\?$/,
      ],
      [
        'an unknown backend',
        (b) => b.removeBackend('default', 'app:3'),
        'unknown',
        /^Pool "default" has no backend "app:3"; did you mean "app-1:3"\?$/,
      ],
      [
        'an unknown backend like no other',
        (b) => b.updateBackend('default', 'zzz:99', { weight: 2 }),
        'unknown',
        /^Pool "default" has no backend "zzz:99"$/,
      ],
      [
        'a bad address',
        (b) => b.addBackend('default', { address: 'app' }),
        'invalid',
        /^"app" has no port; write host:port$/,
      ],
      [
        'a bad weight',
        (b) => b.addBackend('default', { address: 'a:1', weight: 0 }),
        'invalid',
        /^"0" is not a weight; write a whole number from 1 to 1000$/,
      ],
      [
        'another weight',
        (b) => b.addBackend('default', { address: 'app-1:3', weight: 2 }),
        'conflict',
        /^Backend "app-1:3" is in pool "default" already, with weight 1/,
      ],
      [
        'another limit',
        (b) => b.addBackend('default', { address: 'app-1:3', maxConnections: 9 }),
        'conflict',
        /^Backend "app-1:3" is in pool "default" already, with maxConnections 0; change that/,
      ],
      ['no change', (b) => b.updateBackend('default', 'app-1:3', {}), 'invalid', /^Nothing to change/],
      [
        'half a weight',
        (b) => b.updateBackend('default', 'app-1:3', { weight: 1.5 }),
        'invalid',
        /^"1\.5" is not a weight/,
      ],
    ];
    for (const [what, act, problem, sentence] of cases) {
      it(`refuses ${what} in one sentence and stays as it is`, async () => {
        const balancer = await start(['app-1:3']);
        const before = versionOf(balancer);
        const refused = problemOf(() => act(balancer));
        expect(refused.problem).to.equal(problem);
        expect(refused.message).to.match(sentence);
        expect([versionOf(balancer), idsOf(balancer)]).to.deep.equal([before, ['app-1:3']]);
      });
    }
  });
});
