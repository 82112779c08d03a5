/** test/control/consistent-hashing.test.ts: which backend a key has, over all workers and over changes of the pool. */
import http from 'node:http';
import { expect } from 'chai';
import { type RunningBalancer, startBalancer } from '../../src/control/balancer.js';
import { until } from './balancer-under-test.js';
import { closeEverything, configOf, LogBook, onClose, startHttp } from './support.js';

const KEYS = Array.from({ length: 60 }, (_, i) => `/key${i}`);

describe('A key under policy maglev', () => {
  afterEach(closeEverything);

  async function start(): Promise<{ balancer: RunningBalancer; backends: readonly string[] }> {
    const backends = await Promise.all(
      Array.from({ length: 5 }, (_, i) => startHttp((_request, response) => response.end(`${i}`))),
    );
    const pool = {
      policy: 'maglev',
      hash: { key: 'path', balanceFactor: 0 },
      healthCheck: { interval: '1h' },
    } as const;
    const balancer = await startBalancer(configOf(backends, { workers: 2 }, pool), new LogBook().logger);
    onClose(async () => {
      balancer.kill();
      await until(balancer, ({ workers }) => workers.length === 0);
    });
    return { balancer, backends };
  }

  /** Asks once over a connection of its own. @returns the number of the backend that answered */
  function ask(balancer: RunningBalancer, path: string): Promise<string> {
    const [host, port] = (balancer.addresses[0] ?? '').split(':');
    return new Promise((resolve, reject) => {
      const request = http.get({ host, port, path, agent: false }, (response) => {
        response.setEncoding('latin1').on('data', resolve);
      });
      request.on('error', reject);
    });
  }

  async function owners(balancer: RunningBalancer): Promise<string[]> {
    const found: string[] = [];
    for (const key of KEYS) {
      const answers = await Promise.all(Array.from({ length: 4 }, () => ask(balancer, key)));
      expect(new Set(answers), `${key}, asked of both workers`).to.have.lengthOf(1);
      found.push(answers[0] ?? '');
    }
    return found;
  }

  it('has the same backend in every worker, in a new one too, and keeps it when another backend leaves', async () => {
    const { balancer, backends } = await start();
    const before = await owners(balancer);
    expect(new Set(before)).to.have.lengthOf(5);
    await balancer.roll();
    expect(await owners(balancer)).to.deep.equal(before);
    balancer.removeBackend('default', backends[0] ?? '');
    await until(balancer, ({ convergence }) => convergence.pending === 0);
    let moved = 0;
    for (const [i, key] of KEYS.entries()) {
      const owner = await ask(balancer, key);
      expect(owner).to.not.equal('0');
      if (before[i] !== '0' && owner !== before[i]) moved += 1;
    }
    // A new table moves a key in a thousand beside those of the backend that left.
    expect(moved).to.be.below(3);
  });
});
