import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { RunningBalancer } from '../../src/control/balancer.js';
import { type AdminAnswer, type Asking, askAdmin } from './admin-client.js';
import { startUnderTest } from './balancer-under-test.js';
import { closeEverything, configOf, LogBook, onClose, startTcp } from './support.js';

const BACKENDS = '/api/pools/default/backends';

describe('Changes made at run time', () => {
  let log: LogBook;
  let folder: string;
  let one: string;
  let two: string;

  beforeEach(async () => {
    log = new LogBook();
    folder = mkdtempSync(join(tmpdir(), 'roundhouse-'));
    onClose(() => rmSync(folder, { recursive: true, force: true }));
    [one, two] = [await startTcp(), await startTcp()];
  });
  afterEach(closeEverything);

  function begin(backends: readonly string[] = [one, two]): Promise<RunningBalancer> {
    const stateFile = join(folder, 'state.json');
    return startUnderTest(configOf(backends, { admin: '127.0.0.1:0', stateFile }), log);
  }
  const ask = (balancer: RunningBalancer, path: string, asking?: Asking): Promise<AdminAnswer> =>
    askAdmin(balancer.adminAddress ?? '', path, asking);
  const seen = (balancer: RunningBalancer): readonly unknown[] =>
    (balancer.view().pools[0]?.backends ?? []).map(({ id, weight, admin }) => [id, weight, admin]);

  it('are on disk when they are answered, and back after a restart', async () => {
    const three = await startTcp();
    const first = await begin();
    for (const [path, asking] of [
      [BACKENDS, { method: 'POST', body: { address: three, weight: 5, admin: 'maintenance' } }],
      [`${BACKENDS}/${one}`, { method: 'PATCH', body: { weight: 9, admin: 'draining' } }],
      [`${BACKENDS}/${two}`, { method: 'DELETE' }],
    ] as const) {
      const answer = await ask(first, path, asking);
      expect(answer.json, answer.text).to.include({ saved: true });
    }
    const { pools } = JSON.parse(readFileSync(join(folder, 'state.json'), 'utf8'));
    expect(pools.default).to.deep.equal({
      added: [{ address: three, weight: 5, tier: 0, maxConnections: 0, admin: 'maintenance' }],
      changed: { [one]: { weight: 9, admin: 'draining' } },
      removed: [two],
    });
    const before = seen(first);
    first.kill();
    const second = await begin();
    expect(seen(second)).to.deep.equal(before);
    expect(log.all('changes made at run time are back')[0]).to.deep.include({
      added: [three],
      changed: [one],
      removed: [two],
    });
  });

  it('last for as long as they are changes', async () => {
    const first = await begin();
    await ask(first, `${BACKENDS}/${one}`, { method: 'PATCH', body: { admin: 'draining' } });
    await ask(first, `${BACKENDS}/${two}`, { method: 'DELETE' });
    await ask(first, `${BACKENDS}/${one}`, { method: 'PATCH', body: { admin: 'enabled' } });
    await ask(first, BACKENDS, { method: 'POST', body: { address: two } });
    expect(JSON.parse(readFileSync(join(folder, 'state.json'), 'utf8'))).to.have.deep.property('pools', {});
  });

  it('may leave a pool without a backend, also after a restart', async () => {
    const first = await begin([one]);
    await ask(first, `${BACKENDS}/${one}`, { method: 'DELETE' });
    first.kill();
    expect(seen(await begin([one]))).to.deep.equal([]);
  });

  it('are part of the configuration that runs', async () => {
    const balancer = await begin();
    await ask(balancer, `${BACKENDS}/${one}`, { method: 'PATCH', body: { weight: 3, admin: 'draining' } });
    await ask(balancer, `${BACKENDS}/${two}`, { method: 'DELETE' });
    expect(balancer.config.pools['default']?.backends).to.deep.equal([
      { address: one, weight: 3, tier: 0, maxConnections: 0, admin: 'draining' },
    ]);
  });

  it('that do not reach the disk are made all the same, and the answer says why a restart forgets them', async () => {
    const balancer = await begin();
    rmSync(folder, { recursive: true });
    for (const weight of [2, 3]) {
      const answer = await ask(balancer, `${BACKENDS}/${one}`, { method: 'PATCH', body: { weight } });
      expect([answer.status, answer.json]).to.deep.include(200);
      expect(answer.json).to.deep.include({
        saved: false,
        problem: `Cannot write ${join(folder, 'state.json')}: does not exist`,
      });
      expect(answer.json).to.have.nested.property('backend.weight', weight);
    }
    expect(log.all('state file not written; changes end with this process')).to.have.lengthOf(1);
  });

  it('are not kept without a state file', async () => {
    const balancer = await startUnderTest(configOf([one], { admin: '127.0.0.1:0' }), log);
    const answer = await ask(balancer, `${BACKENDS}/${one}`, { method: 'PATCH', body: { weight: 2 } });
    expect(answer.json).to.include({ saved: null });
  });
});
