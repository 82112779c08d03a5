import { expect } from 'chai';
import { Children } from '../../bench/children.js';
import { UNPINNED } from '../../bench/cores.js';
import { startSubject } from '../../bench/stage.js';
import type { Subject } from '../../bench/subjects.js';

function subject(command: readonly string[], find: Subject['find'] = () => ({ label: '1.0' })): Subject {
  return { name: 'it', cores: 'one', find, command: () => command };
}

describe('A subject that cannot take part', () => {
  const children = new Children();
  afterEach(() => children.stop());

  const reasonOf = async (absent: Subject): Promise<string> => {
    const started = await startSubject(absent, children, [], '/', UNPINNED);
    return 'reason' in started ? started.reason : 'it started';
  };

  it('is told apart when it is not installed', async () => {
    expect(await reasonOf(subject([], () => ({ missing: 'not installed' })))).to.equal('not installed');
  });

  it('is told apart with its last words when it ends at once', async () => {
    const script = `console.error('some trace'); console.error('no such option'); process.exit(3)`;
    expect(await reasonOf(subject([process.execPath, '-e', script]))).to.equal(
      'ended with exit code 3: no such option',
    );
  });

  it('is told apart with the error that it died of', async () => {
    const script = `throw new TypeError('no such thing')`;
    expect(await reasonOf(subject([process.execPath, '-e', script]))).to.equal(
      'ended with exit code 1: TypeError: no such thing',
    );
  });

  it('is told apart when there is no such program', async () => {
    expect(await reasonOf(subject(['./no-such-program']))).to.include('ENOENT');
  });
});

describe('A program that a bench runs', () => {
  const children = new Children();
  afterEach(() => children.stop());

  it('hands back what it printed', async () => {
    expect(await children.run([process.execPath, '-e', `console.log('done')`], [], 5_000)).to.equal('done\n');
  });

  it('is ended when it takes too long', async () => {
    const hangs = children.run([process.execPath, '-e', 'setInterval(() => {}, 1000)'], [], 100);
    const failure = await hangs.catch((error: unknown) => error);
    expect(String(failure)).to.include('ended with signal SIGKILL');
  });
});
