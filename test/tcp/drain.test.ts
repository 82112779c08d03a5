import { expect } from 'chai';
import * as z from 'zod';
import { endPrograms, runCli, start } from '../cli/run-cli.js';
import { startRawBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { connect } from '../support/peer.js';

const listening = z.object({ addresses: z.array(z.string()), admin: z.string() });

describe('roundhouse drain of a TCP backend', () => {
  afterEach(async () => {
    await endPrograms();
    await stopEverything();
  });

  it('leaves its connections open, and closes them at the deadline that --within names', async () => {
    const [one, two] = await Promise.all(
      ['one', 'two'].map((name) =>
        startRawBackend((peer) => {
          peer.send(`${name}\n`);
          peer.socket.on('data', (chunk: Buffer) => peer.socket.write(chunk));
          peer.socket.on('end', () => peer.socket.end());
        }),
      ),
    );
    const backends = `${one?.address},${two?.address}`;
    const args = ['--listen', 'tcp://127.0.0.1:0', backends, '--admin', '127.0.0.1:0', '--policy', 'round-robin'];
    const running = start('src/cli.js', [...args, '--workers', '1']);
    const line = await running.line('stderr', (each) => each.includes('"message":"listening"'));
    const { addresses, admin } = listening.parse(JSON.parse(line));
    const port = Number(addresses[0]?.split(':').at(-1));

    const dial = async () => {
      const client = await connect(port);
      return { client, name: await client.through('\n') };
    };
    let open = await dial();
    while (open.name !== 'one\n') open = await dial();
    const drain = (...more: string[]) => runCli(['drain', one?.address ?? '', '--admin', admin, ...more]);
    expect(await drain()).to.include({ code: 0 });
    for (let count = 0; count < 4; count++) expect((await dial()).name, 'a new connection').to.equal('two\n');
    open.client.send('still\n');
    expect(await open.client.through('still\n'), 'an open one').to.equal('still\n');
    expect(await drain('--within', '1s', '--wait')).to.include({ code: 0 });
    expect(await open.client.gone()).to.equal('end');
    const over = await running.line('stderr', (each) => each.includes('drain'));
    expect(over).to.include(one?.address);
  });
});
