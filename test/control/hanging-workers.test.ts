import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import { type BalancerView, type RunningBalancer, startBalancer } from '../../src/control/balancer.js';
import { realTime } from '../support/eventually.js';
import { Client, fileAt, startUnderTest, until } from './balancer-under-test.js';
import { closeEverything, configOf, LogBook, onClose, startHttp, startTcp } from './support.js';

/** The shortest that can be configured. */
const HEARTBEAT_MS = 2_000;

const listeningPids = ({ workers }: BalancerView): number[] =>
  workers.filter(({ state }) => state === 'listening').map(({ pid }) => pid ?? 0);

describe('A worker that hangs', () => {
  let log: LogBook;

  beforeEach(() => {
    log = new LogBook();
  });
  afterEach(closeEverything);

  /** With the real workers, two of them. */
  async function start(input: Parameters<typeof configOf>[1] = {}): Promise<RunningBalancer> {
    const backend = await startHttp((_request, response) => response.end('here'));
    const config = configOf([backend], { workers: 2, heartbeat: '2s', ...input });
    const balancer = await startBalancer(config, log.logger);
    onClose(async () => {
      balancer.kill();
      await until(balancer, ({ workers }) => workers.length === 0);
    });
    return balancer;
  }

  async function replacedAfter(balancer: RunningBalancer, hang: (pid: number) => void): Promise<void> {
    const [victim = 0, other = 0] = listeningPids(balancer.view());
    hang(victim);
    expect(await log.next('worker does not answer and is ended')).to.include({ worker: 1, pid: victim });
    expect(await log.next('worker died')).to.include({ pid: victim, reason: 'no sign of life, signal SIGKILL' });
    const after = await until(balancer, (view) => listeningPids(view).length === 2);
    expect(listeningPids(after)).to.include(other).and.not.include(victim);
    expect(after.workerRestarts).to.equal(1);
    const answer = await fetch(`http://${balancer.addresses[0]}`);
    expect(await answer.text()).to.equal('here');
  }

  it('because it was stopped is ended and replaced, and the other one is left alone', async () => {
    await replacedAfter(await start(), (pid) => process.kill(pid, 'SIGSTOP'));
  });

  it('in an endless loop is ended and replaced', async () => {
    process.env['NODE_OPTIONS'] = `--import ${new URL('./fixtures/spin-on-signal.js', import.meta.url)}`;
    onClose(() => delete process.env['NODE_OPTIONS']);
    await replacedAfter(await start(), (pid) => process.kill(pid, 'SIGWINCH'));
  });

  it('gets no more changes than it has room for, and the whole pool once it goes on', async () => {
    const backend = await startTcp();
    const balancer = await startUnderTest(configOf([backend], { heartbeat: 'off' }), log);
    const client = new Client(balancer.addresses[0] ?? '');
    const pid = await client.pid();
    process.kill(pid, 'SIGSTOP');
    onClose(() => process.kill(pid, 'SIGCONT'));
    const CHANGES = 5_000;
    for (let change = 0; change < CHANGES; change++)
      balancer.updateBackend('default', backend, { weight: 2 + (change % 2) });
    process.kill(pid, 'SIGCONT');
    const isUpToDate = ({ pools, workers }: BalancerView): boolean =>
      workers[0]?.versions['default'] === pools[0]?.version;
    await until(balancer, isUpToDate);
    const changesSeen = Number(await client.command('changes'));
    expect(changesSeen).to.be.within(1, CHANGES / 2);
    expect(JSON.parse(await client.command('pool'))[0].backends[0].weight).to.equal(3);
  });
});

describe('A primary that was stopped for longer than a worker may be silent', () => {
  afterEach(closeEverything);

  it('ends none of its workers when it goes on', async () => {
    const backend = await startHttp((_request, response) => response.end('here'));
    const child = spawn(
      process.execPath,
      [fileAt('./fixtures/primary.js'), 'shared', backend, 'workers/main.js', `${HEARTBEAT_MS}ms`],
      {
        stdio: ['pipe', 'pipe', 'pipe'],
      },
    );
    onClose(() => child.kill('SIGKILL'));
    const lines = createInterface(child.stderr);
    const complaints: string[] = [];
    lines.on('line', (line) => complaints.push(line));
    const [address] = await once(createInterface(child.stdout), 'line');
    child.kill('SIGSTOP');
    await realTime(HEARTBEAT_MS + 500);
    child.kill('SIGCONT');
    // As long as the primary, which looks once a second, would need to find somebody silent.
    await realTime(HEARTBEAT_MS + 1_100);
    expect(await (await fetch(`http://${address}`)).text()).to.equal('here');
    expect(complaints).to.deep.equal([]);
    const ended = once(child, 'exit');
    child.stdin.end();
    expect(await ended).to.deep.equal([0, null]);
  });
});

describe('A worker past its age', () => {
  afterEach(closeEverything);

  it('is replaced without a client noticing, and is no death', async () => {
    const log = new LogBook();
    const backend = await startHttp((_request, response) => response.end('here'));
    const config = configOf([backend], { workers: 2, workerLimits: { age: '1s' } });
    const balancer = await startBalancer(config, log.logger);
    onClose(async () => {
      balancer.kill();
      await until(balancer, ({ workers }) => workers.length === 0);
    });
    const before = listeningPids(balancer.view());
    let asking = true;
    const answers = new Set<string>();
    const client = (async () => {
      while (asking) answers.add(await (await fetch(`http://${balancer.addresses[0]}`)).text());
    })();
    const after = await until(balancer, (view) => !listeningPids(view).some((pid) => before.includes(pid)));
    asking = false;
    await client;
    expect([...answers]).to.deep.equal(['here']);
    expect(after.workerRestarts).to.equal(0);
    expect(log.all('worker is past its limit and is replaced')[0]).to.have.property('worker');
  });
});
