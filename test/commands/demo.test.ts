import { expect } from 'chai';
import { endPrograms, type Started, start } from '../cli/run-cli.js';

/** Waits for the table's line of the second backend to look like `pattern`. */
const secondBackend = (demo: Started, pattern: RegExp): Promise<string> => {
  let row = 0;
  return demo.line('stdout', (line) => {
    row = line.startsWith('BACKEND') ? 0 : row + 1;
    return row === 2 && pattern.test(line);
  });
};

describe('roundhouse demo', () => {
  afterEach(endPrograms);

  it('shows a killed backend going down without a failed request, and coming back by the command it prints', async () => {
    const demo = start('src/cli.js', ['demo']);
    const url = /at (http:\S+),/.exec(await demo.line('stdout', (line) => line.startsWith('Roundhouse')))?.[1] ?? '';
    const pid = Number(/kill -9 (\d+)/.exec(await demo.line('stdout', (line) => line.includes('kill -9')))?.[1]);
    const restart = /node \S+ (sample-backend \d+ --id \S+) /.exec(
      await demo.line('stdout', (line) => line.includes('sample-backend')),
    )?.[1];
    await secondBackend(demo, /[1-9]\d* % .* up$/);
    expect((await fetch(url)).headers.get('x-backend')).to.match(/^backend-[123]$/);
    process.kill(pid, 'SIGKILL');
    await secondBackend(demo, / gone .* down: /);
    const again = start('src/cli.js', restart?.split(' ') ?? []);
    await secondBackend(demo, new RegExp(` ${again.pid} .* up$`));
    demo.signal('SIGINT');
    const { code, stdout, stderr } = await demo.finished;
    expect(stdout).to.match(/Demo ended: \d+ requests, 0 failed\.\n$/);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
  });

  it('leaves no process behind when it is killed itself', async () => {
    const demo = start('src/cli.js', ['demo', '-n', '1']);
    await demo.line('stdout', (line) => line.startsWith('Ctrl-C'));
    demo.signal('SIGKILL');
    // Workers and backends hold its output open; this settles when the last of them is gone.
    expect((await demo.finished).signal).to.equal('SIGKILL');
  });

  it('ends when nobody reads it any more', async () => {
    const demo = start('src/cli.js', ['demo', '-n', '1']);
    await demo.line('stdout', (line) => line.startsWith('Ctrl-C'));
    demo.stdout.destroy();
    expect((await demo.finished).code).to.equal(0);
  });
});
