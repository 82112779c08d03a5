import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { listenOnFile } from '../../src/control/admin/socket-file.js';
import { StartError } from '../../src/control/balancer.js';
import { closeEverything, onClose } from './support.js';

describe('A socket file', () => {
  let path: string;

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
    onClose(() => void server.close());
    await listenOnFile(server, at);
    return server;
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
    const server = await listen();
    server.close();
    await once(server, 'close');
    expect(existsSync(path)).to.equal(false);
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
