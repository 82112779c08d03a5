/** test/cli/keep-sessions.test.ts: a drain that keeps the clients whose sticky cookie names the backend. */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { askAdmin } from '../control/admin-client.js';
import { startBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { type LogFolder, makeLogFolder } from '../support/log-folder.js';
import { endPrograms, runCli, type Started, start } from './run-cli.js';

const SECRET = 'a-secret-of-more-than-thirty-two-characters';

interface Running {
  readonly program: Started;
  readonly url: string;
  readonly admin: string;
}

interface Seen {
  readonly admin: string;
  readonly keepSessions: boolean;
  readonly drained: boolean;
  readonly drainEndsAt: string | null;
}

interface Answer {
  readonly from: string;
  /** The sticky cookie that came with it; '' without one. */
  readonly cookie: string;
}

describe('roundhouse drain --keep-sessions', function () {
  this.timeout(60_000);
  let folder: LogFolder;
  let one: string;
  let two: string;
  let running: Running;

  beforeEach(async () => {
    folder = makeLogFolder();
    one = (await startBackend((_request, response) => void response.end('one'))).address;
    two = (await startBackend((_request, response) => void response.end('two'))).address;
    writeConfig('sticky: { cookie: rh }');
    running = await begin();
  });
  afterEach(async () => {
    await endPrograms();
    await stopEverything();
    folder.remove();
  });

  function writeConfig(sticky: string, more = ''): void {
    const backends = `[{ address: "${one}" }, { address: "${two}" }]`;
    const pool = `backends: ${backends}, policy: round-robin, healthCheck: { interval: 1h }`;
    writeFileSync(folder.path('lb.yaml'), `pools: { web: { ${pool}, ${sticky} } }\n${more}`);
  }

  async function begin(): Promise<Running> {
    const at = ['-l', '127.0.0.1:0', '--admin', '127.0.0.1:0', '-w', '2'];
    const files = ['-c', folder.path('lb.yaml'), '--state-file', folder.path('state.json')];
    const program = start('src/cli.js', [...files, ...at], { ROUNDHOUSE_STICKY_SECRET: SECRET });
    const line = await program.line('stderr', (text) => text.includes('"message":"listening"'));
    const { addresses, admin } = JSON.parse(line);
    return { program, url: `http://${addresses[0]}/`, admin };
  }

  async function ask(cookie = ''): Promise<Answer> {
    const headers = { connection: 'close', ...(cookie === '' ? {} : { cookie }) };
    const response = await fetch(running.url, { headers });
    const from = await response.text();
    return { from, cookie: response.headers.get('set-cookie')?.split(';')[0] ?? '' };
  }

  async function cookieOf(backend: string): Promise<string> {
    for (;;) {
      const { from, cookie } = await ask();
      if (from === backend) return cookie;
    }
  }

  /** @returns which backends answer clients, of which each sends the cookie */
  async function answering(cookie?: string): Promise<readonly string[]> {
    const answers = await Promise.all(Array.from({ length: 12 }, () => ask(cookie)));
    return [...new Set(answers.map(({ from }) => from))].sort();
  }

  const command = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await runCli([...args, '--admin', running.admin]);
    expect(stderr).to.equal('');
    expect(code).to.equal(0);
    return stdout;
  };
  const seen = async (): Promise<Seen> =>
    (await askAdmin(running.admin, `/api/pools/web/backends/${one}`)).json as Seen;

  /** Resolves when every worker has the pool as it is now. */
  const known = (): Promise<void> =>
    eventually('every worker knows it', async () => {
      const { json } = await askAdmin(running.admin, '/api');
      const { pools, workers } = json as {
        readonly pools: readonly { readonly version: number }[];
        readonly workers: readonly { readonly versions: Readonly<Record<string, number>> }[];
      };
      return workers.every(({ versions }) => versions['web'] === pools[0]?.version);
    });

  async function drainKeeping(...more: readonly string[]): Promise<string> {
    const said = await command('drain', one, '--keep-sessions', ...more);
    await known();
    return said;
  }

  it('keeps who has its cookie and sends new clients elsewhere, until an ordinary drain ends that', async () => {
    const cookie = await cookieOf('one');
    expect(await drainKeeping())
      .to.contain(`takes no new clients`)
      .and.contain('its sessions stay until');
    expect([await answering(), await answering(cookie)]).to.deep.equal([['two'], ['one']]);
    expect(await seen()).to.include({ admin: 'draining', keepSessions: true, drained: false, drainEndsAt: null });
    expect(await command('status')).to.contain('draining, keeps sessions');
    expect(await command('drain', one, '--wait')).to.contain('takes no new requests');
    expect(await answering(cookie)).to.deep.equal(['two']);
    expect(await seen()).to.include({ admin: 'draining', keepSessions: false, drained: true });
  });

  it('moves them when its time is over, and has drained only then', async () => {
    const cookie = await cookieOf('one');
    const said = await command('drain', one, '--keep-sessions', '--within', '500ms', '--wait');
    expect(said).to.contain('has nothing in flight any more');
    expect(await seen()).to.include({ admin: 'draining', keepSessions: false, drained: true, drainEndsAt: null });
    expect(await answering(cookie)).to.deep.equal(['two']);
    const events = (await askAdmin(running.admin, '/api/events')).text;
    expect(events).to.contain('"sessions-over"').and.not.contain('"drain-over"');
    await eventually(
      'the state file has it',
      () => !readFileSync(folder.path('state.json'), 'utf8').includes('sessions'),
    );
  });

  it('outlives a worker that dies, a reload, and a restart with what is left of its time', async () => {
    const cookie = await cookieOf('one');
    await drainKeeping('--within', '10m');
    const { drainEndsAt } = await seen();
    const { json } = await askAdmin(running.admin, '/api/workers');
    const pids = (json as readonly { readonly pid: number }[]).map(({ pid }) => pid);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await eventually('both are replaced', async () => {
      const { json: now } = await askAdmin(running.admin, '/api/workers');
      const workers = now as readonly { readonly pid: number; readonly state: string }[];
      return workers.filter(({ pid, state }) => !pids.includes(pid) && state === 'listening').length === 2;
    });
    expect([await answering(), await answering(cookie)]).to.deep.equal([['two'], ['one']]);
    writeConfig('sticky: { cookie: rh }', 'drain: 31s\n');
    await command('reload');
    expect([await answering(), await answering(cookie)]).to.deep.equal([['two'], ['one']]);
    running.program.signal('SIGKILL');
    await running.program.finished;
    running = await begin();
    expect([await answering(), await answering(cookie)]).to.deep.equal([['two'], ['one']]);
    const after = await seen();
    expect(after).to.include({ admin: 'draining', keepSessions: true, drained: false });
    const apart = Date.parse(after.drainEndsAt ?? '') - Date.parse(drainEndsAt ?? '');
    expect(Math.abs(apart)).to.be.below(60_000);
  });

  it('moves them after a restart that came too late for their time', async () => {
    const cookie = await cookieOf('one');
    await drainKeeping('--within', '10m');
    running.program.signal('SIGKILL');
    await running.program.finished;
    const state = readFileSync(folder.path('state.json'), 'utf8');
    writeFileSync(folder.path('state.json'), state.replace(/"until": "[^"]+"/, '"until": "2026-01-01T00:00:00.000Z"'));
    running = await begin();
    await eventually('they move', async () => (await answering(cookie)).join() === 'two');
    await eventually('it has drained', async () => (await seen()).drained);
  });

  it('gives it new clients again when it is enabled, without a deadline that is left over', async () => {
    await drainKeeping('--within', '10m');
    await command('enable', one);
    await known();
    expect(await seen()).to.include({ admin: 'enabled', keepSessions: false, drainEndsAt: null });
    expect(await answering()).to.deep.equal(['one', 'two']);
  });

  it('is refused where there are no sessions to keep, and without a drain', async () => {
    writeConfig('panic: 0.4');
    await command('reload');
    const { code, stderr } = await runCli(['drain', one, '--keep-sessions', '--admin', running.admin]);
    expect([code, stderr]).to.deep.equal([
      1,
      'roundhouse: Pool "web" has no sessions to keep: "sticky" is not set for it\n',
    ]);
    const body = { keepSessions: true };
    const { json } = await askAdmin(running.admin, `/api/pools/web/backends/${one}`, { method: 'PATCH', body });
    expect(json).to.have.property('error').that.contains('Only draining keeps sessions; give admin "draining" with it');
  });
});
