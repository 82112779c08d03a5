/**
 * test/cli/hanging-backend.test.ts: a backend whose process is stopped while the kernel goes on accepting connections for
 * it, with default settings: nothing is known of it but that requests wait.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { z } from 'zod';
import { eventually } from '../support/eventually.js';
import { endPrograms, type Started, start } from './run-cli.js';

const program = fileURLToPath(new URL('../support/web-server.js', import.meta.url));
const eventsSchema = z.array(z.object({ kind: z.string(), backend: z.string().nullable() }));
const poolSchema = z.object({
  backends: z.array(z.object({ id: z.string(), health: z.string(), reason: z.string() })),
});

describe('A backend that hangs, with default settings', function () {
  this.timeout(60_000);
  let servers: ChildProcess[] = [];
  afterEach(async () => {
    await endPrograms();
    for (const server of servers) server.kill('SIGKILL');
    servers = [];
  });

  /** Starts a web server in a process of its own. @returns its address */
  async function serve(): Promise<string> {
    const server = fork(program);
    servers.push(server);
    const [port]: unknown[] = await once(server, 'message');
    return `127.0.0.1:${z.number().parse(port)}`;
  }

  async function balance(addresses: readonly string[]): Promise<{ url: string; admin: string; running: Started }> {
    const running = start('src/cli.js', [
      addresses.join(','),
      ...['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--workers', '2'],
    ]);
    const line = await running.line('stderr', (text) => text.includes('"message":"listening"'));
    const {
      addresses: [address],
      admin,
    } = z.object({ addresses: z.array(z.string()), admin: z.string() }).parse(JSON.parse(line));
    return { url: `http://${address}`, admin: `http://${admin}`, running };
  }

  const healthOf = async (admin: string, id: string): Promise<{ health: string; reason: string }> => {
    const { backends } = poolSchema.parse(await (await fetch(`${admin}/api/pools/default`)).json());
    return backends.find((each) => each.id === id) ?? { health: 'missing', reason: '' };
  };

  it('is asked, taken out while it is silent, and taken back when it goes on; no request fails', async () => {
    const addresses = await Promise.all([serve(), serve(), serve(), serve()]);
    const [hung = ''] = addresses;
    const { url, admin } = await balance(addresses);
    await Promise.all(Array.from({ length: 16 }, async () => (await fetch(url)).text()));
    servers[0]?.kill('SIGSTOP');
    // One of them waits at the stopped server until that is found to hang: for a tenth of the time that it may take.
    const answers = await Promise.all(Array.from({ length: 18 }, () => fetch(url)));
    expect(answers.map(({ status }) => status)).to.deep.equal(new Array(18).fill(200));
    const { health, reason } = await healthOf(admin, hung);
    expect(health).to.equal('down');
    expect(reason).to.match(/^answers nothing: no response for [\d.]+ s, nor to OPTIONS \* within 2 s$/);
    servers[0]?.kill('SIGCONT');
    await eventually('it is up again', async () => (await healthOf(admin, hung)).health === 'up');
    const events = eventsSchema.parse(await (await fetch(`${admin}/api/events`)).json());
    expect(events.filter(({ backend }) => backend === hung).map(({ kind }) => kind)).to.deep.equal([
      'backend-up',
      'backend-down',
      'backend-up',
    ]);
  });

  it('is not taken for one that is slow: an answer that takes longer than any suspicion comes', async () => {
    const addresses = await Promise.all([serve(), serve()]);
    const { url, admin } = await balance(addresses);
    await Promise.all(Array.from({ length: 8 }, async () => (await fetch(url)).text()));
    const slow = await Promise.all(Array.from({ length: 4 }, () => fetch(`${url}/slow?ms=5000`)));
    expect(slow.map(({ status }) => status)).to.deep.equal([200, 200, 200, 200]);
    const metrics = await (await fetch(`${admin}/metrics`)).text();
    expect(metrics).to.match(/roundhouse_backend_suspicions_total\{[^}]*answer="alive"\} [1-9]/);
    expect(metrics).to.not.match(/roundhouse_backend_suspicions_total\{[^}]*answer="none"\} [1-9]/);
    for (const address of addresses) expect((await healthOf(admin, address)).health).to.equal('up');
  });

  it('says once at the start that a health path is better', async () => {
    const { running } = await balance([await serve()]);
    running.signal('SIGTERM');
    const { stderr } = await running.finished;
    expect(stderr.split('\n').filter((line) => line.includes('--health-path'))).to.have.length(1);
  });
});
