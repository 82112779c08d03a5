/** test/tls/front.test.ts: TLS with clients as a person runs it: processes, files, signals, and clients of others. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { expect } from 'chai';
import * as z from 'zod';
import { endPrograms, runCli, type Started, start } from '../cli/run-cli.js';
import { startBackend } from '../support/backend.js';
import { onStop, stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { TestCa } from '../support/test-ca.js';

const listening = z.object({ addresses: z.array(z.string()), admin: z.string() });
const workers = z.array(z.object({ worker: z.int(), pid: z.int(), state: z.string() }));
const logged = z.object({ worker: z.int(), tls: z.string() });
const inCi = process.env['CI'] === 'true';
const PASSPHRASE = 'correct horse';

/** A running balancer with two workers and one listener, which speaks TLS. */
interface Front {
  readonly running: Started;
  readonly port: number;
  readonly admin: string;
  /** Replaces the certificate and its key, in one file, at once. @returns the fingerprint of the new one */
  renew(): Promise<string>;
  /** Puts `text` in the place of certificate and key. */
  put(text: string): void;
  /** Writes the configuration again. @param drain a key of it that changes nothing here */
  configure(drain: string): void;
}

describe('roundhouse with TLS', function () {
  // Chance decides which worker takes a connection, and some tests need both.
  this.timeout(120_000);
  let ca: TestCa;

  before(async () => {
    ca = await TestCa.root('root');
  });

  afterEach(async () => {
    await endPrograms();
    await stopEverything();
  });

  async function startFront(): Promise<Front> {
    const folder = mkdtempSync(join(tmpdir(), 'roundhouse-'));
    onStop(() => rmSync(folder, { recursive: true }));
    const at = (name: string): string => join(folder, name);
    const backend = await startBackend((_request, response) => response.end('ok'));
    const put = (text: string): void => {
      writeFileSync(at('next.pem'), text);
      renameSync(at('next.pem'), at('site.pem'));
    };
    const renew = async (): Promise<string> => {
      const { cert, key } = await ca.issue(['site.example']);
      const sealing = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: PASSPHRASE } as const;
      put(cert + createPrivateKey(key).export(sealing).toString());
      return new X509Certificate(cert).fingerprint256;
    };
    const configure = (drain: string): void => {
      const certificates = [{ cert: at('site.pem'), key: at('site.pem'), passphraseFile: at('passphrase') }];
      const listeners = [{ address: '127.0.0.1:0', tls: { certificates } }];
      const pools = { web: { backends: [{ address: backend.address }] } };
      const top = { admin: '127.0.0.1:0', workers: 2, accessLog: '-', drain };
      writeFileSync(at('config.json'), JSON.stringify({ ...top, listeners, pools }));
    };
    writeFileSync(at('passphrase'), `${PASSPHRASE}\n`);
    await renew();
    configure('5s');
    const running = start('src/cli.js', ['-c', at('config.json')]);
    const line = await running.line('stderr', (each) => each.includes('"message":"listening"'));
    const { addresses, admin } = listening.parse(JSON.parse(line));
    return { running, port: Number(addresses[0]?.split(':').at(-1)), admin, renew, put, configure };
  }

  function dial({ port }: Front, options: ConnectionOptions = {}): TLSSocket {
    const verified = { host: '127.0.0.1', port, servername: 'site.example', ca: ca.cert };
    const socket = connect({ ...verified, ...options });
    socket.on('error', () => {});
    onStop(() => void socket.destroy());
    return socket;
  }

  /** Sends a request over a connection of its own, and looks at the handshake. */
  async function ask(front: Front, path: string, options: ConnectionOptions = {}) {
    const socket = dial(front, options);
    let session: Buffer | undefined;
    let [isReused, fingerprint, text] = [false, '', ''];
    socket.on('session', (fresh) => {
      session = fresh;
    });
    socket.on('secureConnect', () => {
      isReused = socket.isSessionReused();
      fingerprint = socket.getPeerCertificate().fingerprint256;
    });
    socket.write(`GET ${path} HTTP/1.1\r\nHost: site.example\r\nConnection: close\r\n\r\n`);
    for await (const chunk of socket) text += String(chunk);
    return { isOk: text.startsWith('HTTP/1.1 200 '), session, isReused, fingerprint };
  }

  async function pidsOf({ admin }: Front): Promise<readonly number[]> {
    const answer = await fetch(`http://${admin}/api/workers`);
    const found = workers.parse(await answer.json());
    return found.filter(({ state }) => state === 'listening').map(({ pid }) => pid);
  }

  /** Waits until every worker shows the certificate with that fingerprint: it is in use at once where it is used. */
  async function shows(front: Front, wanted: string): Promise<void> {
    let same = 0;
    await eventually('all workers show the new certificate', async () => {
      same = (await ask(front, '/')).fingerprint === wanted ? same + 1 : 0;
      return same >= 12;
    });
  }

  it('resumes sessions in every worker, also in those that come later and after a reload', async () => {
    const front = await startFront();
    const versions = ['TLSv1.2', 'TLSv1.3'] as const;
    const sessions = await Promise.all(versions.map((maxVersion) => ask(front, '/first', { maxVersion })));
    let count = 0;
    const resumedByAll = async (when: string): Promise<void> => {
      for (const [index, maxVersion] of versions.entries()) {
        const served = new Set<number>();
        while (served.size < 2) {
          count += 1;
          const path = `/resumed-${count}.`;
          const { isReused } = await ask(front, path, { maxVersion, session: sessions[index]?.session });
          expect(isReused, `${maxVersion} ${when}`).to.equal(true);
          const line = await front.running.line('stdout', (each) => each.includes(path));
          const { worker, tls } = logged.parse(JSON.parse(line));
          expect(tls).to.equal(maxVersion);
          served.add(worker);
        }
      }
    };
    await resumedByAll('at first');
    const before = await pidsOf(front);
    for (const pid of before) process.kill(pid, 'SIGKILL');
    await eventually('other workers listen', async () => {
      const now = await pidsOf(front);
      return now.length === 2 && now.every((pid) => !before.includes(pid));
    });
    await resumedByAll('in workers that came later');
    front.configure('6s');
    front.running.signal('SIGHUP');
    await front.running.line('stderr', (each) => each.includes('"configuration reloaded"'));
    await resumedByAll('after a reload');
  });

  it('takes changed files by itself and at SIGHUP, and leaves open connections alone', async () => {
    const front = await startFront();
    const open = dial(front);
    open.write('GET / HTTP/1.1\r\nHost: site.example\r\n\r\n');
    await new Promise((resolve) => open.once('data', resolve));
    open.pause();
    await shows(front, await front.renew());
    const byWatch = await front.running.line('stderr', (each) => each.includes('"certificate changed"'));
    expect(byWatch).to.include('site.example');
    const next = await front.renew();
    front.running.signal('SIGHUP');
    await front.running.line('stderr', (each) => each.includes('"certificate changed"'));
    await shows(front, next);

    front.put('nothing');
    front.running.signal('SIGHUP');
    await front.running.line('stderr', (each) => each.includes('"certificate not replaced; the old one stays"'));
    await shows(front, next);
    const { stdout } = await runCli(['certificates', '--admin', front.admin]);
    expect(stdout).to.match(/site\.example[\s\S]*holds no certificate/);

    open.write('GET / HTTP/1.1\r\nHost: site.example\r\nConnection: close\r\n\r\n');
    let text = '';
    for await (const chunk of open) text += String(chunk);
    expect(text, 'a connection from before').to.include('HTTP/1.1 200 ');
  });

  it('loses nothing while its certificate is swapped a hundred times under load', async () => {
    const front = await startFront();
    let [isOver, answered, failed] = [false, 0, 0];
    const client = async (): Promise<void> => {
      while (!isOver) {
        const { isOk } = await ask(front, '/');
        if (isOk) answered += 1;
        else failed += 1;
      }
    };
    const clients = [client(), client(), client()];
    let last = '';
    for (let round = 0; round < 100; round++) {
      last = await front.renew();
      const reloaded = await fetch(`http://${front.admin}/api/certificates/reload`, { method: 'POST' });
      expect(reloaded.status).to.equal(200);
    }
    isOver = true;
    await Promise.all(clients);
    expect({ failed, hasAnswered: answered > 0 }).to.deep.equal({ failed: 0, hasAnswered: true });
    await shows(front, last);
  });

  it('refuses openssl a renegotiation', async function () {
    if (spawnSync('openssl', ['version']).error !== undefined && !inCi) return this.skip();
    const front = await startFront();
    const args = ['s_client', '-connect', `127.0.0.1:${front.port}`, '-tls1_2', '-servername', 'site.example'];
    const client: ChildProcess = spawn('openssl', args, { stdio: ['pipe', 'pipe', 'pipe'] });
    onStop(() => void client.kill());
    let said = '';
    for (const stream of [client.stdout, client.stderr]) stream?.on('data', (chunk: Buffer) => (said += String(chunk)));
    const ended = new Promise((resolve) => client.once('close', resolve));
    await eventually('openssl is connected', () => said.includes('Extended master secret'));
    client.stdin?.write('R\n');
    await ended;
    expect(said)
      .to.include('RENEGOTIATING')
      .and.to.match(/no renegotiation/);
    expect((await ask(front, '/')).isOk, 'others are served').to.equal(true);
  });
});
