import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { StartError } from '../../src/control/balancer.js';
import { listenOnFile } from '../../src/control/socket-file.js';
import { closeEverything, onClose } from './support.js';

/** Most characters of the path of a socket file on every system. */
const LONGEST_PATH = 103;

describe('A socket file', () => {
  let path: string;
  let remove: () => void;

  beforeEach(() => {
    const folder = mkdtempSync(join(tmpdir(), 'roundhouse-'));
    onClose(() => rmSync(folder, { recursive: true, force: true }));
    path = join(folder, 'admin.sock');
  });
  afterEach(closeEverything);

  async function listen(at = path): Promise<net.Server> {
    const server = net.createServer((socket) => {
      socket.on('error', () => {});
      socket.end('here\n');
    });
    remove = await listenOnFile(server, at);
    onClose(() => close(server));
    return server;
  }
  async function close(server: net.Server): Promise<void> {
    remove();
    if (!server.listening) return;
    server.close();
    await once(server, 'close');
  }
  const answer = async (): Promise<string> => {
    let text = '';
    for await (const chunk of net.connect({ path })) text += chunk;
    return text;
  };
  const problemAt = async (at: string): Promise<unknown> => listen(at).catch((error: unknown) => error);

  it('is for its owner alone, and the mask of the process stays as it was', async () => {
    const mask = process.umask();
    await listen();
    expect(statSync(path).mode & 0o777).to.equal(0o600);
    expect(process.umask()).to.equal(mask);
    expect(await answer()).to.equal('here\n');
  });

  it('goes when the server closes', async () => {
    await close(await listen());
    expect(readdirSync(dirname(path))).to.deep.equal([]);
  });

  it('stays when the server closes and somebody else has put his own in its place', async () => {
    const server = await listen();
    rmSync(path);
    await leaveBehind(path);
    await close(server);
    expect(readdirSync(dirname(path))).to.deep.equal(['admin.sock']);
  });

  it('leaves nothing beside it', async () => {
    await listen();
    expect(readdirSync(dirname(path))).to.deep.equal(['admin.sock']);
  });

  it('may have a path as long as the system allows', async () => {
    path = join(dirname(path), 'x'.repeat(LONGEST_PATH - dirname(path).length - 1));
    await listen();
    expect(await answer()).to.equal('here\n');
  });

  it('that a killed process has left behind is replaced', async () => {
    await leaveBehind(path);
    expect(statSync(path).isSocket()).to.equal(true);
    await listen();
    expect(await answer()).to.equal('here\n');
  });

  it('that somebody answers on is left to them', async () => {
    await listen();
    const problem = await problemAt(path);
    expect(problem).to.be.instanceOf(StartError);
    expect(problem).to.have.property('message', `Cannot listen on unix:${path}: the address is already in use`);
    expect(await answer()).to.equal('here\n');
  });

  it('that is another file is left alone', async () => {
    writeFileSync(path, 'precious');
    expect(await problemAt(path)).to.have.property(
      'message',
      `Cannot listen on unix:${path}: a file that is no socket is in the way`,
    );
    expect(readFileSync(path, 'utf8')).to.equal('precious');
  });

  it('needs a directory', async () => {
    const at = `${path}/nowhere/admin.sock`;
    expect(await problemAt(at))
      .to.have.property('message')
      .that.matches(/^Cannot listen on unix:.*directory/);
  });
});

/** What a process that is killed leaves: its socket file, and nobody who listens. */
async function leaveBehind(path: string): Promise<void> {
  const program = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  await once(spawn(process.execPath, ['-e', program]), 'exit');
}
