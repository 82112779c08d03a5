import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { isPebbleMissing, Pebble } from '../support/pebble.js';
import { certified, folder, served, startCertified } from './support.js';

describe('A certificate by ACME', () => {
  before(function () {
    // Not in CI, where .ci/run installs it.
    if (isPebbleMissing) this.skip();
  });
  afterEach(stopEverything);

  it('is had for many names in one order, with redirectHttps and several workers, and is stored for the owner', async () => {
    const names = ['a.test', 'b.test', 'www.a.test'];
    const pebble = await Pebble.start({ names });
    const storage = join(await folder(), 'deep', 'acme');
    const acme = { domains: names, storage };
    const { balancer } = await startCertified({ pebble, acme, workers: 2, plain: { redirectHttps: true } });
    await certified(pebble.tlsPort, names);
    const { subjectaltname } = await served(pebble.tlsPort, 'b.test');
    for (const name of names) expect(subjectaltname).to.contain(`DNS:${name}`);
    await eventually('its renewal is planned', () => balancer.view().certificates[0]?.nextRenewal !== null);
    const [view] = balancer.view().certificates;
    expect(view).to.deep.include({ source: 'acme', problem: null });
    expect(Date.parse(view?.nextRenewal ?? '')).to.be.greaterThan(Date.now());
    const files = await readdir(storage);
    expect(files.map((file) => file.replace(/-[0-9a-f]{12}/, '')).toSorted()).to.deep.equal([
      'a.test.json',
      'a.test.pem',
      'account.key',
    ]);
    for (const file of files) expect((await stat(join(storage, file))).mode & 0o777, file).to.equal(0o600);
  });

  it('is had over TLS alone, where nothing listens without TLS', async () => {
    const names = ['a.test', 'b.test'];
    const pebble = await Pebble.start({ names });
    await startCertified({ pebble, acme: { domains: names, storage: await folder() }, plain: 'none', workers: 2 });
    await certified(pebble.tlsPort, names);
  });

  it('is had although the CA refuses every other nonce', async () => {
    const pebble = await Pebble.start({ names: ['a.test'], refusedNonces: 40 });
    await startCertified({ pebble, acme: { domains: ['a.test'], storage: await folder() } });
    await certified(pebble.tlsPort, ['a.test']);
  });

  it('is served again after a restart without asking the CA', async () => {
    const pebble = await Pebble.start({ names: ['a.test'] });
    const acme = { domains: ['a.test'], storage: await folder() };
    const first = await startCertified({ pebble, acme });
    await certified(pebble.tlsPort, ['a.test']);
    const before = await served(pebble.tlsPort, 'a.test');
    await first.balancer.close(0);
    await pebble.stop();
    const { log } = await startCertified({ pebble, acme });
    expect((await served(pebble.tlsPort, 'a.test')).fingerprint256).to.equal(before.fingerprint256);
    expect(log.map(({ message }) => message)).to.not.include('certificate ordered');
  });

  it('is had once a CA that was down is back; until then a temporary one is served', async () => {
    const pebble = await Pebble.prepare({ names: ['a.test'] });
    const { balancer, log } = await startCertified({ pebble, acme: { domains: ['a.test'], storage: await folder() } });
    expect((await served(pebble.tlsPort, 'a.test')).issuer.CN).to.equal('a.test');
    await eventually(
      'the failure is shown',
      () => balancer.view().certificates[0]?.problem?.includes('ECONNREFUSED') === true,
    );
    expect(log.filter(({ message }) => message.startsWith('certificate not issued'))).to.have.length(1);
    await pebble.start();
    await certified(pebble.tlsPort, ['a.test']);
    expect(balancer.view().certificates.map(({ problem }) => problem)).to.deep.equal([null]);
  });
});
