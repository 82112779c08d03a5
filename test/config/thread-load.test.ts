/** test/config/thread-load.test.ts: a large configuration, which is read on a thread. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ConfigError } from '../../src/config/config-error.js';
import { loadConfig } from '../../src/config/load.js';
import { completeAside, loadAside, loadOnThread } from '../../src/config/thread-load.js';
import { UsageError } from '../../src/config/usage-error.js';

const routes = (count: number, pool = 'web'): object[] => [
  ...Array.from({ length: count }, (_, index) => ({ host: `h${index}.example`, pool })),
  { pool: 'web' },
];

describe('A configuration that is read on a thread', function () {
  this.timeout(30_000);
  const folder = mkdtempSync(join(tmpdir(), 'roundhouse-'));
  const file = join(folder, 'lb.yaml');
  const args = { backends: [], config: file };
  after(() => rmSync(folder, { recursive: true }));

  const written = (pool = 'web') => ({
    pools: { web: { backends: [{ address: '10.0.0.1:80' }] } },
    routes: routes(1_000, pool),
  });
  const errorOf = (loading: Promise<unknown>): Promise<unknown> =>
    loading.then(
      () => undefined,
      (error) => error,
    );

  it('is the same as one that is read at once', async () => {
    writeFileSync(file, JSON.stringify(written()));
    const config = await loadConfig(args, {});
    expect(await loadAside(args, {})).to.deep.equal(config);
    expect(await loadOnThread({ args, environment: process.env })).to.deep.equal(config);
    expect(await completeAside({ backends: [] }, {}, written())).to.deep.equal(config);
  });

  it('is refused with the same words', async () => {
    writeFileSync(file, JSON.stringify(written('wbe')));
    const [aside, atOnce] = [await errorOf(loadAside(args, {})), await errorOf(loadConfig(args, {}))];
    expect(aside).to.be.instanceOf(ConfigError);
    expect(String(aside)).to.equal(String(atOnce));
    expect(String(aside)).to.match(/lb\.yaml:1:\d+: routes\[0\]\.pool: there is no pool "wbe"; did you mean "web"\?/);
  });

  it('is refused for a wrong flag as one', async () => {
    writeFileSync(file, JSON.stringify(written()));
    const error = await errorOf(loadAside({ ...args, policy: 'wrong' }, {}));
    expect(error).to.be.instanceOf(UsageError);
    expect(String(error)).to.match(/--policy/);
  });
});
