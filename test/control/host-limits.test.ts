/**
 * test/control/host-limits.test.ts: what the host may have only so many of at once is exact over real workers: requests
 * on a backend, connections, connections of an address.
 */
import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';
import { expect } from 'chai';
import type { Config, ConfigInput } from '../../src/config/schema.js';
import { type RunningBalancer, startBalancer } from '../../src/control/balancer.js';
import { eventually } from '../support/eventually.js';
import { until } from './balancer-under-test.js';
import { closeEverything, configOf, LogBook, onClose, startHttp, startTcp } from './support.js';

/** A backend that notes how many requests it has open at once, and holds back its answers while it is told to. */
class Counting {
  open = 0;
  most = 0;
  holds = false;
  private readonly held: (() => void)[] = [];

  async start(): Promise<string> {
    return startHttp((request, response) => {
      // Whether the backend is alive is asked while it holds back its answers.
      if (request.method !== 'GET') return void response.end();
      this.open += 1;
      this.most = Math.max(this.most, this.open);
      let isOpen = true;
      const ends = (): void => {
        if (isOpen) this.open -= 1;
        isOpen = false;
      };
      const answer = (): void => {
        // Before the balancer can know it.
        ends();
        response.end('ok');
      };
      response.once('close', ends);
      if (this.holds) this.held.push(answer);
      else setImmediate(answer);
    });
  }

  release(): void {
    this.holds = false;
    for (const answer of this.held.splice(0)) answer();
  }
}

describe('Over several workers', function () {
  this.timeout(60_000);
  afterEach(closeEverything);

  async function start(top: Partial<ConfigInput>, pool: () => object, backend: string): Promise<RunningBalancer> {
    // A machine that is busy with other tests sheds nothing, and lets requests wait.
    const settings = { overload: { delay: 'off' }, ...top };
    const patient = { healthCheck: { interval: '1h' }, queue: { timeout: '50s' } };
    const config = (): Config => configOf([backend], settings, { ...patient, ...pool() });
    const source = {
      file: 'limits.yaml',
      read: async () => ({ config: config(), adminTokens: {}, secrets: {} }),
      complete: config,
    };
    const balancer = await startBalancer(config(), new LogBook().logger, { source });
    onClose(async () => {
      balancer.kill();
      await until(balancer, ({ workers }) => workers.length === 0);
    });
    return balancer;
  }

  /** Asks over a connection of its own. */
  function ask(balancer: RunningBalancer): Promise<number> {
    const [host, port] = (balancer.addresses[0] ?? '').split(':');
    return new Promise((resolve) => {
      const request = http.get({ host, port, agent: false }, (response) => {
        response.resume();
        response.once('close', () => resolve(response.statusCode ?? 0));
      });
      // A worker was killed with the connection.
      request.on('error', () => resolve(0));
    });
  }

  function askOften(balancer: RunningBalancer, times: number): Promise<number[]> {
    return Promise.all(Array.from({ length: times }, () => ask(balancer)));
  }

  /** Opens a connection and keeps it. @returns the status that it is answered with, and the connection */
  async function hold(balancer: RunningBalancer): Promise<{ status: string; socket: net.Socket }> {
    const [host = '', port] = (balancer.addresses[0] ?? '').split(':');
    const socket = net.connect({ host, port: Number(port) });
    onClose(() => socket.destroy());
    socket.on('error', () => {});
    socket.write('GET / HTTP/1.1\r\nHost: site.test\r\n\r\n');
    const status = await new Promise<string>((resolve) => {
      socket.once('data', (data) => resolve(data.toString('latin1').slice(9, 12)));
    });
    return { status, socket };
  }

  /** Opens an HTTP/2 connection, asks at once, and keeps it. @returns the status; 0 if it is turned away */
  function holdHttp2(balancer: RunningBalancer): Promise<number> {
    const session = http2.connect(`http://${balancer.addresses[0]}`);
    onClose(() => session.destroy());
    return new Promise((resolve) => {
      session.on('error', () => resolve(0));
      session.on('close', () => resolve(0));
      const stream = session.request({ ':path': '/' });
      stream.on('error', () => resolve(0));
      stream.on('response', ({ ':status': status }) => resolve(status ?? 0));
      stream.resume();
    });
  }

  /** Opens a TCP connection, writes at once, and keeps it. @returns what comes back; '' if it is turned away */
  function holdTcp(balancer: RunningBalancer): Promise<string> {
    const [host = '', port] = (balancer.addresses[0] ?? '').split(':');
    const socket = net.connect({ host, port: Number(port) });
    onClose(() => socket.destroy());
    socket.write('first bytes');
    return new Promise((resolve) => {
      socket.on('error', () => resolve(''));
      socket.on('close', () => resolve(''));
      socket.on('data', (data) => resolve(data.toString('latin1')));
    });
  }

  /** Requests may wait as long as a busy machine takes to have them all served by one backend. */
  const UNHURRIED = { queue: { timeout: '60s' }, healthCheck: { silence: 'off' } };

  for (const [workers, maxConnections] of [
    [2, 1],
    [8, 1],
    [4, 6],
  ] as const) {
    it(`${workers} workers have at most ${maxConnections} requests on a backend, and serve all`, async () => {
      const backend = new Counting();
      const address = await backend.start();
      const backends = [{ address, maxConnections }];
      const balancer = await start({ workers }, () => ({ backends, ...UNHURRIED }), address);
      backend.holds = true;
      const answers = askOften(balancer, 60);
      await eventually('the backend is full', () => backend.open === maxConnections);
      backend.release();
      const statuses = await answers;
      expect(statuses.filter((status) => status !== 200)).to.deep.equal([]);
      expect(backend.most).to.equal(maxConnections);
    });
  }

  it('keep to the limit while workers are replaced and die, and while a reload changes it', async () => {
    const backend = new Counting();
    const address = await backend.start();
    let maxConnections = 3;
    const balancer = await start({ workers: 2 }, () => ({ backends: [{ address, maxConnections }] }), address);
    const during = askOften(balancer, 60);
    await balancer.roll();
    await during;
    expect(backend.most).to.be.at.most(3);
    backend.holds = true;
    const killed = askOften(balancer, 8);
    await eventually('the backend is full', () => backend.open === 3);
    const victims = balancer.view().workers.map(({ pid }) => pid);
    for (const pid of victims) if (pid !== null) process.kill(pid, 'SIGKILL');
    backend.release();
    await killed;
    await until(balancer, (view) => view.workers.filter(({ state }) => state === 'listening').length === 2);
    expect((await askOften(balancer, 20)).filter((status) => status !== 200)).to.deep.equal([]);
    expect(backend.most).to.be.at.most(3);
    maxConnections = 5;
    await balancer.reload();
    backend.holds = true;
    const raised = askOften(balancer, 30);
    await eventually('the backend has more', () => backend.open === 5);
    backend.release();
    await raised;
    expect(backend.most).to.equal(5);
    maxConnections = 1;
    await balancer.reload();
    backend.most = 0;
    expect((await askOften(balancer, 40)).filter((status) => status !== 200)).to.deep.equal([]);
    expect(backend.most).to.equal(1);
  });

  it('take exactly as many connections as limits.connections, and another when one has gone', async () => {
    const address = await new Counting().start();
    const balancer = await start({ workers: 3, limits: { connections: 7 } }, () => ({}), address);
    const all = await Promise.all(Array.from({ length: 20 }, () => hold(balancer)));
    const served = all.filter(({ status }) => status === '200');
    expect(served).to.have.length(7);
    expect(all.filter(({ status }) => status === '503')).to.have.length(13);
    served[0]?.socket.destroy();
    await eventually('there is room for another', async () => (await hold(balancer)).status === '200');
    expect((await hold(balancer)).status).to.equal('503');
  });

  it('take exactly as many HTTP/2 connections, and serve what came while one waited at the door', async () => {
    const address = await new Counting().start();
    const balancer = await start({ workers: 2, limits: { connections: 3 } }, () => ({}), address);
    const statuses = await Promise.all(Array.from({ length: 9 }, () => holdHttp2(balancer)));
    expect(statuses.filter((status) => status === 200)).to.have.length(3);
    expect(statuses.filter((status) => status === 0)).to.have.length(6);
  });

  it('take exactly as many TCP connections, and pass on what came while one waited at the door', async () => {
    const address = await startTcp((socket) => void socket.pipe(socket));
    const listeners = [{ address: '127.0.0.1:0', protocol: 'tcp' as const, pool: 'default' }];
    const settings = { workers: 2, listeners, limits: { connections: 3 } };
    const balancer = await start(settings, () => ({ queue: undefined }), address);
    const echoes = await Promise.all(Array.from({ length: 9 }, () => holdTcp(balancer)));
    expect(echoes.filter((echo) => echo === 'first bytes')).to.have.length(3);
    expect(echoes.filter((echo) => echo === '')).to.have.length(6);
  });

  it('take exactly as many connections of an address as limits.connectionsPerAddress', async () => {
    const address = await new Counting().start();
    const balancer = await start({ workers: 3, limits: { connectionsPerAddress: 5 } }, () => ({}), address);
    const all = await Promise.all(Array.from({ length: 16 }, () => hold(balancer)));
    expect(all.map(({ status }) => status).filter((status) => status === '200')).to.have.length(5);
    expect(all.filter(({ status }) => status === '429')).to.have.length(11);
    for (const { socket } of all) socket.destroy();
    await eventually('there is room again', async () => (await hold(balancer)).status === '200');
  });

  it('go on without a frozen one, which counts until it is ended', async () => {
    const backend = new Counting();
    const address = await backend.start();
    const backends = [{ address, maxConnections: 2 }];
    const balancer = await start({ workers: 2, heartbeat: '2s' }, () => ({ backends }), address);
    backend.holds = true;
    const held = askOften(balancer, 2);
    await eventually('the backend is full', () => backend.open === 2);
    const [frozen] = balancer.view().workers;
    if (frozen === undefined || frozen.pid === null) throw new Error('There is no worker');
    process.kill(frozen.pid, 'SIGSTOP');
    backend.release();
    await until(balancer, (view) => view.workers.every(({ pid }) => pid !== frozen.pid));
    await held;
    await until(balancer, (view) => view.workers.filter(({ state }) => state === 'listening').length === 2);
    expect((await askOften(balancer, 20)).filter((status) => status !== 200)).to.deep.equal([]);
    expect(backend.most).to.equal(2);
  });
});
