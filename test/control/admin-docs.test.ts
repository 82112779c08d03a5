import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect } from 'chai';
import type { RunningBalancer } from '../../src/control/balancer.js';
import { startUnderTest, until } from './balancer-under-test.js';
import { closeEverything, configOf, LogBook, startTcp } from './support.js';

const PAGE = new URL('../../../docs/admin.md', import.meta.url);
const BLOCK = /^```(\w+)\n(.*?)^```$/gms;

describe('docs/admin.md', () => {
  let balancer: RunningBalancer;
  /** What stands in the page, and what stands for it here. */
  const places = new Map<string, string>();

  before(async () => {
    const [one, two, three] = [await startTcp(), await startTcp(), await startTcp()];
    balancer = await startUnderTest(configOf([one, two], { admin: '127.0.0.1:0' }), new LogBook());
    await until(balancer, ({ pools }) => pools[0]?.backends.every(({ health }) => health === 'up') === true);
    places.set('127.0.0.1:9901', balancer.adminAddress ?? '');
    [one, two, three].forEach((address, index) => {
      places.set(`10.0.0.${index + 1}:8080`, address);
    });
  });
  after(closeEverything);

  const here = (text: string): string =>
    [...places].reduce((result, [written, real]) => result.replaceAll(written, real), text);

  it('has examples that do what they show', async () => {
    const blocks = [...readFileSync(PAGE, 'utf8').matchAll(BLOCK)].map(([, kind, text = '']) => [kind, text] as const);
    const examples = blocks.filter(([kind]) => kind === 'sh');
    expect(examples).to.have.lengthOf.above(8);
    for (const [index, [kind, text]] of blocks.entries()) {
      if (kind !== 'sh') continue;
      const { stdout } = await promisify(execFile)('bash', ['-c', here(text)]);
      const [shownAs, shown = ''] = blocks[index + 1] ?? [];
      if (shownAs === 'json') expect(JSON.parse(stdout), text).to.containSubset(JSON.parse(here(shown)));
      else expect(stdout, text).to.equal(here(shown));
    }
  });
});
