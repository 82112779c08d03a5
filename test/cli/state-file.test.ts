import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { askAdmin } from '../control/admin-client.js';
import { closeEverything, startTcp } from '../control/support.js';
import { eventually } from '../support/eventually.js';
import { type LogFolder, makeLogFolder } from '../support/log-folder.js';
import { endPrograms, runCli, type Started, start } from './run-cli.js';

interface Running {
  readonly program: Started;
  readonly admin: string;
}

describe('roundhouse with --state-file', () => {
  let folder: LogFolder;
  let one: string;
  let two: string;

  beforeEach(async () => {
    folder = makeLogFolder();
    [one, two] = [await startTcp(), await startTcp()];
  });
  afterEach(async () => {
    await endPrograms();
    await closeEverything();
    folder.remove();
  });

  async function begin(...backends: readonly string[]): Promise<Running> {
    const args = ['-l', '127.0.0.1:0', '--admin', '127.0.0.1:0', '-w', '1', '--state-file', folder.path('state.json')];
    const program = start('src/cli.js', [...args, ...backends]);
    const line = await program.line('stderr', (text) => text.includes('"message":"listening"'));
    return { program, admin: JSON.parse(line).admin };
  }
  const weigh = async (admin: string, weight: number): Promise<unknown> =>
    (await askAdmin(admin, `/api/pools/default/backends/${one}`, { method: 'PATCH', body: { weight } })).json;
  const weightNow = async (admin: string): Promise<number> => {
    const { json } = await askAdmin(admin, `/api/pools/default/backends/${one}`);
    return (json as { readonly weight: number }).weight;
  };

  it('has after a kill -9 at any moment what it had answered before', async () => {
    const { program, admin } = await begin(one, two);
    let answered = 2;
    expect(await weigh(admin, answered)).to.include({ saved: true });
    try {
      for (let weight = answered + 1; ; weight += 1) {
        const answer = weigh(admin, weight);
        if (weight === 20) program.signal('SIGKILL');
        expect(await answer).to.include({ saved: true });
        answered = weight;
      }
    } catch (error) {
      if (error instanceof Error && error.name === 'AssertionError') throw error;
    }
    await program.finished;
    const again = await begin(one, two);
    // The last change may have reached the disk without its answer.
    expect(await weightNow(again.admin)).to.be.oneOf([answered, answered + 1]);
  });

  it('lets a reload have what the file says, and keeps what the file says nothing of', async () => {
    const file = folder.path('lb.yaml');
    const write = (weight: number): void =>
      writeFileSync(
        file,
        `pools: { default: { backends: [{ address: "${one}", weight: ${weight} }, { address: "${two}" }] } }\n`,
      );
    write(1);
    const { program, admin } = await begin('-c', file);
    await weigh(admin, 7);
    await askAdmin(admin, `/api/pools/default/backends/${two}`, { method: 'PATCH', body: { admin: 'draining' } });
    write(3);
    program.signal('SIGHUP');
    await program.line('stderr', (text) => text.includes('"message":"configuration reloaded"'));
    const kept = (): string => readFileSync(folder.path('state.json'), 'utf8');
    await eventually(kept, () => !kept().includes('"weight"'));
    program.signal('SIGKILL');
    await program.finished;
    const again = await begin('-c', file);
    const { json } = await askAdmin(again.admin, '/api/pools/default');
    expect(json)
      .to.have.property('backends')
      .that.satisfies((backends: readonly { readonly id: string; readonly weight: number; readonly admin: string }[]) =>
        expect(backends.map((each) => [each.id, each.weight, each.admin])).to.deep.equal([
          [one, 3, 'enabled'],
          [two, 1, 'draining'],
        ]),
      );
  });

  it('does not start over a file that is not its own', async () => {
    writeFileSync(folder.path('state.json'), 'pools: {}\n');
    const { code, stderr } = await runCli([one, '--admin', 'off', '--state-file', folder.path('state.json')]);
    expect([code, stderr]).to.deep.equal([
      1,
      `roundhouse: ${folder.path('state.json')} is no state file of Roundhouse, so it is left as it is; ` +
        'name another one, or move it away\n',
    ]);
  });
});
