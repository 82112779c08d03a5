/**
 * test/cli/maintenance.test.ts: `roundhouse maintenance` switches routes and pools off and on in every worker, now and
 * after whatever happens next; pages are read again by a reload.
 */
import { writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { askAdmin } from '../control/admin-client.js';
import { closeEverything } from '../control/support.js';
import { startBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { type LogFolder, makeLogFolder } from '../support/log-folder.js';
import { get } from '../support/peer.js';
import { endPrograms, runCli, type Started, start } from './run-cli.js';

interface Running {
  readonly program: Started;
  readonly admin: string;
  readonly port: number;
}

describe('roundhouse maintenance', () => {
  let folder: LogFolder;
  let config: string;

  beforeEach(async () => {
    folder = makeLogFolder();
    config = folder.path('lb.yaml');
    writeFileSync(folder.path('down.html'), '<h1>back soon</h1>\n');
    const backend = await startBackend((_request, response) => response.end('web'));
    writeFileSync(
      config,
      [
        `listeners: [{ address: "127.0.0.1:0" }]`,
        `admin: "127.0.0.1:0"`,
        `stateFile: "${folder.path('state.json')}"`,
        `errorPages: { maintenance: { file: "${folder.path('down.html')}", retryAfter: 2m } }`,
        `pools: { web: { backends: [{ address: "${backend.address}" }] } }`,
        `routes: [{ path: /shop, name: shop, pool: web }, { path: /about, respond: { body: hello } }, { pool: web }]`,
      ].join('\n'),
    );
  });
  afterEach(async () => {
    await endPrograms();
    await stopEverything();
    await closeEverything();
    folder.remove();
  });

  async function begin(): Promise<Running> {
    const program = start('src/cli.js', ['-c', config, '-w', '2']);
    const { admin, addresses } = JSON.parse(
      await program.line('stderr', (text) => text.includes('"message":"listening"')),
    );
    const [address = ''] = addresses;
    return { program, admin, port: Number(address.slice(address.lastIndexOf(':') + 1)) };
  }

  async function run({ admin }: Running, ...args: readonly string[]): Promise<readonly [number | null, string]> {
    const { code, stdout, stderr } = await runCli([...args, '--admin', admin]);
    return [code, stdout + stderr];
  }

  /** Asks over many connections, so that every worker answers some. @returns the different answers */
  async function answers({ port }: Running, path: string): Promise<readonly string[]> {
    const all = await Promise.all(Array.from({ length: 24 }, () => get(port, path)));
    return [...new Set(all.map(({ status, body }) => `${status} ${body.trim()}`))];
  }

  const becomes = async (running: Running, path: string, answer: string): Promise<void> => {
    let seen: readonly string[] = [];
    const look = async (): Promise<void> => {
      for (;;) {
        seen = await answers(running, path);
        if (seen.length === 1 && seen[0] === answer) return;
      }
    };
    let isThere = false;
    void look().then(() => {
      isThere = true;
    });
    await eventually(
      () => `every worker answers ${answer}, not ${seen}`,
      () => isThere,
    );
  };

  const DOWN = '503 <h1>back soon</h1>';

  it('switches a route off in every worker, also in those that come later, and on again', async () => {
    const running = await begin();
    expect(await run(running, 'maintenance', 'on', '--route', 'shop')).to.deep.equal([
      0,
      'In maintenance, answered with 503: route shop\n',
    ]);
    await becomes(running, '/shop', DOWN);
    expect(await answers(running, '/')).to.deep.equal(['200 web']);
    expect((await run(running, 'status'))[1]).to.include('In maintenance, answered with 503: route shop\n');
    const { text } = await askAdmin(running.admin, '/metrics');
    expect(text).to.include('roundhouse_maintenance{what="route",name="shop"} 1\n');
    await run(running, 'roll', '--wait');
    expect(await answers(running, '/shop')).to.deep.equal([DOWN]);
    expect(await run(running, 'maintenance', 'off', '--route', 'shop')).to.deep.equal([
      0,
      'Nothing is in maintenance\n',
    ]);
    await becomes(running, '/shop', '200 web');
  });

  it('holds over a reload and a restart, until it is switched off', async () => {
    const first = await begin();
    await run(first, 'maintenance', 'on', '--pool', 'web');
    await becomes(first, '/', DOWN);
    first.program.signal('SIGHUP');
    await first.program.line('stderr', (text) => text.includes('"message":"configuration reloaded"'));
    expect(await answers(first, '/')).to.deep.equal([DOWN]);
    first.program.signal('SIGKILL');
    await first.program.finished;
    const again = await begin();
    expect(await answers(again, '/shop')).to.deep.equal([DOWN]);
    expect(await answers(again, '/about')).to.deep.equal(['200 hello']);
    await run(again, 'maintenance', 'off', '--pool', 'web');
    await becomes(again, '/', '200 web');
  });

  it('has the page that its file holds at the last reload', async () => {
    const running = await begin();
    await run(running, 'maintenance', 'on');
    await becomes(running, '/about', DOWN);
    writeFileSync(folder.path('down.html'), 'back at noon');
    running.program.signal('SIGHUP');
    await becomes(running, '/about', '503 back at noon');
  });

  it('says in one sentence what it cannot switch', async () => {
    const running = await begin();
    expect(await run(running, 'maintenance', 'on', '--route', 'shpo')).to.deep.equal([
      1,
      'roundhouse: There is no route "shpo"; did you mean "shop"?\n',
    ]);
    expect(await run(running, 'maintenance', 'on', '--pool', 'wbe')).to.deep.equal([
      1,
      'roundhouse: There is no pool "wbe"; did you mean "web"?\n',
    ]);
    expect(await run(running, 'maintenance', 'maybe')).to.deep.equal([
      2,
      'roundhouse: "maybe" is neither on nor off\n',
    ]);
    expect(await run(running, 'maintenance', 'on', '--route', 'shop', '--pool', 'web')).to.deep.equal([
      2,
      'roundhouse: --route and --pool exclude each other\n',
    ]);
  });
});

describe('A file that a page is in', () => {
  let folder: LogFolder;
  beforeEach(() => {
    folder = makeLogFolder();
  });
  afterEach(() => folder.remove());

  it('that cannot be read is named by check and by the start, with the key that names it', async () => {
    const config = folder.path('lb.yaml');
    const missing = folder.path('missing.html');
    writeFileSync(
      config,
      `pools: { web: { backends: [{ address: "127.0.0.1:1" }], errorPages: { 5xx: { file: "${missing}" } } } }\n`,
    );
    const sentence = `roundhouse: pools.web.errorPages.5xx.file: ${missing}: there is no such file\n`;
    for (const args of [
      ['check', '-c', config],
      ['-c', config, '--admin', 'off'],
    ]) {
      const { code, stderr } = await runCli(args);
      expect([code, stderr]).to.deep.equal([1, sentence]);
    }
  });

  it('that is too large is refused', async () => {
    const config = folder.path('lb.yaml');
    writeFileSync(folder.path('large'), 'x'.repeat(1_048_577));
    writeFileSync(
      config,
      `pools: { web: { backends: [{ address: "127.0.0.1:1" }] } }\nroutes: [{ respond: { file: "${folder.path('large')}" } }]\n`,
    );
    const { code, stderr } = await runCli(['check', '-c', config]);
    expect([code, stderr]).to.deep.equal([
      1,
      `roundhouse: routes[0].respond.file: ${folder.path('large')}: it is larger than 1 MiB, so it is not sent as an answer\n`,
    ]);
  });
});
