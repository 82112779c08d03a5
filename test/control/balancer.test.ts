import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import { chooseAccept } from '../../src/control/accept.js';
import { type BalancerView, type RunningBalancer, StartError, startBalancer } from '../../src/control/balancer.js';
import { pauseAfter } from '../../src/control/slot.js';
import type { WorkerView } from '../../src/control/view.js';
import type { PoolSnapshot } from '../../src/core/snapshot.js';
import { Client, fileAt, PROGRAMS, startUnderTest, until } from './balancer-under-test.js';
import { closeEverything, configOf, LogBook, onClose, refusingAddress, startHttp, startTcp } from './support.js';

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Whether every worker has acknowledged the pool as it is. */
function hasConverged({ pools, workers }: BalancerView): boolean {
  return workers.every(({ versions }) => versions['default'] === pools[0]?.version);
}

const listeningIn = ({ workers }: BalancerView): readonly WorkerView[] =>
  workers.filter(({ state }) => state === 'listening');
const pidsOf = (view: BalancerView): number[] => view.workers.map(({ pid }) => pid ?? 0);

describe('A balancer', () => {
  let log: LogBook;

  beforeEach(() => {
    log = new LogBook();
  });
  afterEach(closeEverything);

  const start = (...how: Parameters<typeof configOf>): Promise<RunningBalancer> =>
    startUnderTest(configOf(...how), log);

  async function connectTo(balancer: RunningBalancer): Promise<{ client: Client; pid: number }> {
    const client = new Client(balancer.addresses[0] ?? '');
    return { client, pid: await client.pid() };
  }

  /** Sets a variable for the workers forked until it is taken back, at the latest at the end of the test. */
  function setEnv(name: string, value: string): () => void {
    process.env[name] = value;
    const takeBack = (): void => {
      delete process.env[name];
    };
    onClose(takeBack);
    return takeBack;
  }

  /** @returns a folder that goes with the test */
  function folder(): string {
    const path = mkdtempSync(join(tmpdir(), 'roundhouse-'));
    onClose(() => rmSync(path, { recursive: true }));
    return path;
  }

  /** @returns a reader of the pids of all workers there ever were, in order of birth */
  function recordBirths(): () => readonly number[] {
    const file = join(folder(), 'births');
    writeFileSync(file, '');
    setEnv('FIXTURE_BIRTHS', file);
    return () => readFileSync(file, 'utf8').split('\n').filter(Boolean).map(Number);
  }

  describe('that starts', () => {
    it('returns when every worker listens and every backend has its first verdict', async () => {
      const balancer = await start([await startTcp(), await refusingAddress()], { workers: 2 });
      const { pools, workers } = balancer.view();
      expect(workers.map(({ worker, state }) => [worker, state])).to.deep.equal([
        [1, 'listening'],
        [2, 'listening'],
      ]);
      expect(pools[0]?.backends.map(({ health, reason }) => [health, reason])).to.deep.equal([
        ['up', 'connected'],
        ['down', 'connection refused'],
      ]);
    });

    it('does not wait for a backend that does not answer its probe', async () => {
      const balancer = await start([await startTcp()], {}, { healthCheck: { path: '/', timeout: '1h' } });
      expect(balancer.view().pools[0]?.backends[0]?.health).to.equal('unknown');
    });

    it('gives a worker the whole pool', async () => {
      const backend = await startTcp();
      const { client } = await connectTo(await start([backend]));
      const [snapshot]: PoolSnapshot[] = JSON.parse(await client.command('pool'));
      expect([snapshot?.pool, snapshot?.backends.map(({ id }) => id)]).to.deep.equal(['default', [backend]]);
    });

    it('listens on every address', async () => {
      const listeners = [{ address: '127.0.0.1:0' }, { address: '127.0.0.2:0' }];
      const balancer = await start([await startTcp()], { listeners });
      const pids = await Promise.all(balancer.addresses.map((address) => new Client(address).pid()));
      expect(pids).to.deep.equal([...pidsOf(balancer.view()), ...pidsOf(balancer.view())]);
    });

    it('is not ready without a backend to use', async () => {
      const balancer = await start([await refusingAddress()], { admin: '127.0.0.1:0' });
      const notReady = await fetch(`http://${balancer.adminAddress}/readyz`);
      expect([notReady.status, await notReady.text()]).to.deep.equal([503, 'pool "default" has no usable backend\n']);
    });

    it('shows itself on the admin interface', async () => {
      const balancer = await start([await startTcp()], { admin: '127.0.0.1:0' });
      const ready = await fetch(`http://${balancer.adminAddress}/readyz`);
      expect([ready.status, await ready.text()]).to.deep.equal([200, 'ready\n']);
      const shown = await fetch(`http://${balancer.adminAddress}/api`);
      expect(await shown.json()).to.have.nested.property('workers[0].state', 'listening');
    });
  });

  describe('that cannot start', () => {
    async function problemOf(...how: Parameters<typeof configOf>): Promise<unknown> {
      return startBalancer(configOf(...how), log.logger, { programs: PROGRAMS }).then(
        (balancer) => balancer.kill(),
        (error: unknown) => error,
      );
    }

    it('says that the address is in use, and has forked nobody', async () => {
      const births = recordBirths();
      const address = await startTcp();
      const problem = await problemOf([await startTcp()], { listeners: [{ address: '127.0.0.1:0' }, { address }] });
      expect(problem).to.be.instanceOf(StartError);
      expect(problem).to.have.property('message', `Cannot listen on ${address}: the address is already in use`);
      expect(births()).to.deep.equal([]);
    });

    it('says that the admin address is in use, and gives up the port it had', async () => {
      const admin = await startTcp();
      const address = await refusingAddress();
      const problem = await problemOf([await startTcp()], { admin, listeners: [{ address }] });
      expect(problem).to.have.property('message', `Cannot listen on ${admin}: the address is already in use`);
      const next = await start([await startTcp()], { listeners: [{ address }] });
      expect(next.addresses).to.deep.equal([address]);
    });

    it('says how a worker ended that never listened, and leaves no other one behind', async () => {
      const births = recordBirths();
      setEnv('FIXTURE_DIES_BORN', '1');
      const problem = await problemOf([await startTcp()], { workers: 2 });
      expect(problem).to.be.instanceOf(StartError);
      expect(problem)
        .to.have.property('message')
        .that.matches(/^Worker \d ended before it listened: exit code 3$/);
      expect(births().filter(isAlive)).to.deep.equal([]);
    });
  });

  describe('whose backends change', () => {
    it('tells every worker, and records how long that took', async () => {
      const backend = await refusingAddress();
      const healthCheck = { interval: '20ms', changingInterval: '20ms' };
      const balancer = await start([backend], { workers: 2 }, { healthCheck });
      await startTcp(() => {}, Number(backend.split(':')[1]));
      await log.next('backend is up');
      const { convergence } = await until(balancer, hasConverged);
      expect(convergence.pending).to.equal(0);
      expect(convergence.lastMs).to.be.a('number').that.is.at.least(0);
      const { client } = await connectTo(balancer);
      const [snapshot]: PoolSnapshot[] = JSON.parse(await client.command('pool'));
      expect(snapshot?.backends[0]?.health).to.equal('up');
      expect(log.all('backend is up')).to.have.lengthOf(1);
    });

    it('ejects one that fails real requests, restores it, and brings a worker that missed a change up to date', async () => {
      const backends = [await startTcp(), await startTcp(), await startTcp()];
      const balancer = await start(backends, {}, { outlier: { ejection: '20ms' } });
      const { client } = await connectTo(balancer);
      await client.command('deaf');
      await client.command(`failing ${backends[0]} reset 5`);
      await log.next('backend ejected');
      const missed = balancer.view().pools[0]?.version;
      await log.next('backend restored');
      const { pools, workers } = await until(balancer, hasConverged);
      expect(workers[0]?.versions['default']).to.equal((missed ?? 0) + 1);
      const [snapshot]: PoolSnapshot[] = JSON.parse(await client.command('pool'));
      expect(snapshot?.backends.map(({ outlier }) => outlier)).to.deep.equal(['in', 'in', 'in']);
      expect(pools[0]?.backends[0]?.ejections).to.equal(1);
    });

    it('probes a backend soon when a worker cannot connect to it', async () => {
      let isThere = true;
      const backend = await startHttp((_request, response) => response.writeHead(isThere ? 200 : 503).end());
      const healthCheck = { path: '/', interval: '1h', changingInterval: '1h', fall: 1 };
      const balancer = await start([backend], {}, { healthCheck });
      isThere = false;
      const { client } = await connectTo(balancer);
      await client.command(`failing ${backend} connect 1`);
      expect(await log.next('backend is down')).to.include({ backend, reason: 'HTTP 503' });
    });
  });

  describe('whose workers die', () => {
    it('replaces one and shows it', async () => {
      const balancer = await start([await startTcp()], { workers: 2 });
      const [victim = 0, other = 0] = pidsOf(balancer.view());
      process.kill(victim, 'SIGKILL');
      expect(await log.next('worker died')).to.include({ worker: 1, pid: victim, reason: 'signal SIGKILL' });
      const after = await until(balancer, (view) => listeningIn(view).length === 2);
      expect(pidsOf(after)).to.include(other).and.not.include(victim);
      expect(after.workerRestarts).to.equal(1);
    });

    it('replaces one that died while another was still starting', async () => {
      setEnv('FIXTURE_FIRST_DIES', join(folder(), 'first'));
      const balancer = await start([await startTcp()], { workers: 2 });
      await until(balancer, (view) => listeningIn(view).length === 2);
      expect(log.all('worker died').map(({ reason }) => reason)).to.deep.equal(['exit code 7']);
      expect(balancer.view().workerRestarts).to.equal(1);
    });

    it('loses no client that connects while no worker is there', async () => {
      const balancer = await start([await startTcp()], { workers: 1 });
      const [victim = 0] = pidsOf(balancer.view());
      process.kill(victim, 'SIGKILL');
      await log.next('worker died');
      const { pid } = await connectTo(balancer);
      expect(pid).to.be.above(0).and.not.equal(victim);
    });

    it('waits longer each time they die young, and goes on when one lives', async () => {
      const balancer = await start([await startTcp()]);
      const heal = setEnv('FIXTURE_DIES_BORN', '1');
      process.kill(pidsOf(balancer.view())[0] ?? 0, 'SIGKILL');
      await log.next('worker died', 3);
      heal();
      await until(balancer, (view) => listeningIn(view).length === 1);
      expect(log.all('worker died').map(({ replacedInMs }) => replacedInMs)).to.deep.equal([100, 200, 400]);
    });

    it('keeps what they counted, and drops what they had open', async () => {
      const backend = await startTcp();
      const balancer = await start([backend]);
      const { client, pid } = await connectTo(balancer);
      await client.command(`count ${backend} 5 3`);
      const counted = ({ pools }: BalancerView): boolean => pools[0]?.backends[0]?.requests === 5;
      expect((await until(balancer, counted)).pools[0]?.backends[0]?.inflight).to.equal(3);
      process.kill(pid, 'SIGKILL');
      await log.next('worker died');
      expect(balancer.view().pools[0]?.backends[0]).to.include({ requests: 5, inflight: 0 });
      expect(balancer.view().totals.requests).to.equal(5);
    });

    it('drops what is no message, and goes on', async () => {
      const balancer = await start([await startTcp()]);
      const { client, pid } = await connectTo(balancer);
      await client.command('garbage');
      await log.next('malformed message from a worker dropped', 4);
      expect(pidsOf(balancer.view())).to.deep.equal([pid]);
      expect((await connectTo(balancer)).pid).to.equal(pid);
    });
  });

  describe('that rolls its workers', () => {
    it('replaces each of them, the replacement first, and counts none as dead', async () => {
      const balancer = await start([await startTcp()], { workers: 2 });
      const before = pidsOf(balancer.view());
      const seen: number[] = [];
      let rolling = true;
      const rolled = balancer.roll().finally(() => {
        rolling = false;
      });
      while (rolling) {
        seen.push(listeningIn(balancer.view()).length);
        await connectTo(balancer);
      }
      await rolled;
      const after = await until(balancer, ({ workers }) => workers.length === 2);
      expect(Math.min(...seen)).to.equal(2);
      expect(pidsOf(after).filter((pid) => before.includes(pid))).to.deep.equal([]);
      expect(after.workerRestarts).to.equal(0);
    });

    it('keeps the old ones when a replacement does not start', async () => {
      const balancer = await start([await startTcp()], { workers: 2 });
      const before = pidsOf(balancer.view());
      setEnv('FIXTURE_DIES_BORN', '1');
      const problem = await balancer.roll().catch((error: unknown) => error);
      expect(problem).to.be.instanceOf(StartError);
      expect(pidsOf(balancer.view())).to.deep.equal(before);
      expect(listeningIn(balancer.view())).to.have.lengthOf(2);
    });

    it('keeps the number of workers when an old one dies before its replacement listens', async () => {
      const births = recordBirths();
      const balancer = await start([await startTcp()]);
      const rolled = balancer.roll();
      process.kill(births()[0] ?? 0, 'SIGKILL');
      await log.next('worker died');
      await rolled;
      expect(listeningIn(balancer.view())).to.have.lengthOf(1);
      expect(births()).to.have.lengthOf(2);
    });
  });

  describe('that ends', () => {
    it('drains its workers, leaves no process behind and the port free', async () => {
      const balancer = await start([await startTcp()], { workers: 2 });
      const pids = pidsOf(balancer.view());
      await balancer.close();
      expect(pids.filter(isAlive)).to.deep.equal([]);
      expect(log.all('worker died')).to.deep.equal([]);
      const next = await start([await startTcp()], { listeners: [{ address: balancer.addresses[0] ?? '' }] });
      expect(next.addresses).to.deep.equal(balancer.addresses);
    });

    it('ends a worker that does not drain in time', async () => {
      setEnv('FIXTURE_NEVER_DRAINS', '1');
      const balancer = await start([await startTcp()]);
      const pids = pidsOf(balancer.view());
      await balancer.close(1);
      expect(pids.filter(isAlive)).to.deep.equal([]);
      expect(log.all('worker did not drain in time and is ended')).to.have.lengthOf(1);
    });

    it('ends at once when told so, also in the middle of a roll', async () => {
      const births = recordBirths();
      const balancer = await start([await startTcp()], { workers: 2 });
      const rolled = balancer.roll();
      balancer.kill();
      await rolled;
      await until(balancer, ({ workers }) => workers.length === 0);
      expect(births().filter(isAlive)).to.deep.equal([]);
    });
  });

  describe('in a process of its own', () => {
    const runtime = { nodeVersion: process.versions.node, platform: process.platform };
    const possible = (['shared', 'reuse-port', 'round-robin'] as const).filter(
      (accept) => 'accept' in chooseAccept(accept, runtime),
    );
    for (const accept of possible) {
      it(`serves from all workers in mode ${accept}, and its process ends by itself after close`, async () => {
        const child = spawn(process.execPath, [fileAt('./fixtures/primary.js'), accept, await startTcp()], {
          stdio: ['pipe', 'pipe', 'inherit'],
        });
        onClose(() => child.kill('SIGKILL'));
        const ended = once(child, 'exit');
        const [address] = await once(createInterface(child.stdout), 'line');
        const pids = new Set<number>();
        while (pids.size < 2) pids.add(await new Client(String(address)).pid());
        child.stdin.end();
        expect(await ended).to.deep.equal([0, null]);
        expect([...pids].filter(isAlive)).to.deep.equal([]);
      });
    }
  });
});

describe('The pause before a worker is replaced', () => {
  it('is none for one that lived, and doubles to five seconds for those that die young', () => {
    expect([0, 1, 2, 3, 6, 7, 60].map(pauseAfter)).to.deep.equal([0, 100, 200, 400, 3_200, 5_000, 5_000]);
  });
});
