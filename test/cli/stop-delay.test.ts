/** test/cli/stop-delay.test.ts: with `stopDelay` a stop first says that the balancer is not ready, and serves on. */
import { expect } from 'chai';
import { askAdmin } from '../control/admin-client.js';
import { startBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { endPrograms, type Started, start } from './run-cli.js';

interface Running {
  readonly program: Started;
  readonly url: string;
  readonly admin: string;
}

async function logged(program: Started, message: string): Promise<Record<string, unknown>> {
  return JSON.parse(await program.line('stderr', (text) => text.includes(`"message":"${message}`)));
}

/** Sends a signal again and again, since one that comes right after another counts as the same. */
async function untilItTakes(program: Started, signal: NodeJS.Signals, message: string): Promise<void> {
  let taken = false;
  const line = logged(program, message).then(() => {
    taken = true;
  });
  await eventually(message, () => {
    if (!taken) program.signal(signal);
    return taken;
  });
  await line;
}

describe('roundhouse with a stop delay', () => {
  afterEach(async () => {
    await endPrograms();
    await stopEverything();
  });

  async function begin(workers: string, ...more: readonly string[]): Promise<Running> {
    const { address } = await startBackend((_request, response) => void response.end('served'));
    const args = ['-l', '127.0.0.1:0', '--admin', '127.0.0.1:0', '-w', workers, ...more];
    const program = start('src/cli.js', [...args, address]);
    const { addresses, admin } = await logged(program, 'listening');
    return { program, url: `http://${Array.isArray(addresses) ? addresses[0] : addresses}/`, admin: String(admin) };
  }

  const workerPids = async (admin: string): Promise<number[]> => {
    const { json } = await askAdmin(admin, '/api/workers');
    return (json as readonly { readonly pid: number }[]).map(({ pid }) => pid);
  };

  for (const [signal, workers] of [
    ['SIGTERM', '2'],
    ['SIGINT', '2'],
    ['SIGTERM', '0'],
  ] as const) {
    it(`is not ready and serves on after ${signal} with ${workers} workers, until a second one ends the delay`, async () => {
      const { program, url, admin } = await begin(workers, '--stop-delay', '10m');
      expect((await askAdmin(admin, '/readyz')).status).to.equal(200);
      program.signal(signal);
      expect(await logged(program, 'stopping soon')).to.include({ stopDelayMs: 600_000 });
      const ready = await askAdmin(admin, '/readyz');
      expect([ready.status, ready.text]).to.deep.equal([503, 'the balancer is stopping\n']);
      const response = await fetch(url);
      expect([await response.text(), response.headers.get('connection')]).to.deep.equal(['served', null]);
      await untilItTakes(program, signal, 'stop delay is skipped');
      await logged(program, 'draining');
      expect(await program.finished).to.include({ code: 0, signal: null });
    });
  }

  it('drains by itself when the delay is over', async () => {
    const { program } = await begin('1', '--stop-delay', '50ms');
    program.signal('SIGTERM');
    await logged(program, 'stopping soon');
    await logged(program, 'draining');
    const { code, stderr } = await program.finished;
    expect([code, stderr.includes('skipped')]).to.deep.equal([0, false]);
  });

  it('keeps its workers when a service manager signals all of its processes at once', async () => {
    const { program, url, admin } = await begin('2', '--stop-delay', '10m');
    const pids = await workerPids(admin);
    for (const pid of [...pids, program.pid]) process.kill(pid, 'SIGTERM');
    await logged(program, 'stopping soon');
    for (let request = 0; request < 8; request += 1) {
      const response = await fetch(url, { headers: { connection: 'close' } });
      expect(await response.text()).to.equal('served');
    }
    expect(await workerPids(admin)).to.have.members(pids);
  });

  it('replaces a worker that dies during the delay', async () => {
    const { program, url, admin } = await begin('1', '--stop-delay', '10m');
    const [victim] = await workerPids(admin);
    program.signal('SIGTERM');
    await logged(program, 'stopping soon');
    if (victim !== undefined) process.kill(victim, 'SIGKILL');
    await logged(program, 'worker died');
    await eventually('another worker serves', async () => {
      const response = await fetch(url, { headers: { connection: 'close' } }).catch(() => undefined);
      return (await response?.text()) === 'served';
    });
  });
});
