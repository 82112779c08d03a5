import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { configSchema } from '../../src/config/schema.js';
import { ordersOf } from '../../src/control/acme/order.js';
import { AcmeStorage } from '../../src/control/acme/storage.js';
import { selfSigned } from '../../src/control/tls/self-signed.js';
import { endPrograms, start } from '../cli/run-cli.js';
import { startBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { isPebbleMissing, Pebble } from '../support/pebble.js';
import { certified, certifiedConfig, folder, isOfPebble, served, startCertified } from './support.js';

/** @returns the files in `storage` once the order has let go of its lock */
async function eventuallyUnlocked(storage: string): Promise<string[]> {
  let files: string[] = [];
  await eventually('the lock is gone', async () => {
    files = await readdir(storage);
    return !files.some((file) => file.endsWith('.lock'));
  });
  return files;
}

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
    const files = await eventuallyUnlocked(storage);
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

  it('is renewed once two thirds of its life are over, and the old one is served until then', async () => {
    const pebble = await Pebble.prepare({ names: ['a.test'] });
    const storage = await folder();
    // It began a day ago, and has a third of a day left.
    const old = await selfSigned(['a.test'], 1 / 3);
    const listeners = configSchema.parse(certifiedConfig({ pebble, acme: { domains: ['a.test'], storage } })).listeners;
    const [order] = ordersOf(listeners);
    const note = { domains: ['a.test'], directory: pebble.directory, issued: '', notAfter: '' };
    await new AcmeStorage(storage).store(order?.id ?? '', old, note);
    const { balancer } = await startCertified({ pebble, acme: { domains: ['a.test'], storage } });
    expect((await served(pebble.tlsPort, 'a.test')).issuer.CN).to.equal('a.test');
    await eventually('the failure is shown', () => balancer.view().certificates[0]?.problem !== null);
    await pebble.start();
    await balancer.reload(certifiedConfig({ pebble, acme: { domains: ['a.test'], storage } }));
    await certified(pebble.tlsPort, ['a.test']);
  });

  it('is bound to an account that the CA knows, where the CA wants that', async () => {
    const key = 'zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W';
    const pebble = await Pebble.start({ names: ['a.test'], externalAccounts: { 'kid-1': key } });
    const keyFile = join(pebble.folder, 'eab.key');
    await writeFile(keyFile, `${key}\n`);
    const acme = { domains: ['a.test'], storage: await folder() };
    const { balancer } = await startCertified({ pebble, acme });
    await eventually('the refusal is shown', () => /external/i.test(balancer.view().certificates[0]?.problem ?? ''));
    const bound = { ...acme, externalAccount: { kid: 'kid-1', keyFile } };
    await balancer.reload(certifiedConfig({ pebble, acme: bound }));
    await certified(pebble.tlsPort, ['a.test']);
  });

  it('is refused with the words of the CA where a name leads elsewhere, and had after a reload once it leads here', async () => {
    const pebble = await Pebble.start({ names: ['a.test'] });
    const options = { pebble, acme: { domains: ['a.test', 'late.test'], storage: await folder() } };
    const { balancer, log } = await startCertified(options);
    const problem = () => balancer.view().certificates[0]?.problem ?? '';
    await eventually(problem, () => problem().startsWith('late.test: '));
    expect(log.filter(({ message }) => message.startsWith('certificate not issued'))).to.have.length(1);
    pebble.dns.set('late.test', 'A', ['127.0.0.1']);
    await balancer.reload(certifiedConfig(options));
    await certified(pebble.tlsPort, ['a.test', 'late.test']);
  });

  it('is kept for its names by a reload that adds one, which has a temporary one until the CA answers', async () => {
    const pebble = await Pebble.start({ names: ['a.test', 'b.test'] });
    const storage = await folder();
    const { balancer } = await startCertified({ pebble, acme: { domains: ['a.test'], storage } });
    await certified(pebble.tlsPort, ['a.test']);
    const first = await served(pebble.tlsPort, 'a.test');
    await pebble.stop();
    const both = { pebble, acme: { domains: ['a.test', 'b.test'], storage } };
    await balancer.reload(certifiedConfig(both));
    expect((await served(pebble.tlsPort, 'a.test')).fingerprint256).to.equal(first.fingerprint256);
    expect((await served(pebble.tlsPort, 'b.test')).issuer.CN).to.equal('b.test');
    await eventually(
      'the order has failed',
      () => balancer.view().certificates[0]?.problem?.includes('reached') === true,
    );
    await pebble.start();
    await balancer.reload(certifiedConfig(both));
    await certified(pebble.tlsPort, ['b.test']);
    expect((await served(pebble.tlsPort, 'a.test')).subjectaltname).to.contain('b.test');
    await balancer.reload(certifiedConfig({ pebble, acme: { domains: ['a.test'], storage } }));
    expect((await served(pebble.tlsPort, 'a.test')).fingerprint256, 'the stored one').to.equal(first.fingerprint256);
  });

  it('is ordered by one of two processes on one storage, and taken up by the other', async () => {
    const pebble = await Pebble.start({ names: ['a.test'] });
    const acme = { domains: ['a.test'], storage: await folder() };
    const ports = { http: await freePort(), tls: await freePort() };
    const [here, there] = await Promise.all([
      startCertified({ pebble, acme, workers: 1 }),
      startCertified({ pebble, acme, ports, workers: 1 }),
    ]);
    await certified(pebble.tlsPort, ['a.test']).catch(() => undefined);
    await eventually('both serve one certificate', async () => {
      const [a, b] = [await served(pebble.tlsPort, 'a.test'), await served(ports.tls, 'a.test')];
      return isOfPebble(a) && a.fingerprint256 === b.fingerprint256;
    });
    const files = await readdir(acme.storage);
    expect(files.filter((file) => file.endsWith('.pem'))).to.have.length(1);
    expect(files.filter((file) => file.startsWith('account-'))).to.have.length(1);
    expect(here.balancer.view().certificates[0]?.fingerprint).to.equal(
      there.balancer.view().certificates[0]?.fingerprint,
    );
  });

  it('leaves nothing half done by a stop in the middle of an order', async () => {
    const pebble = await Pebble.start({ names: ['a.test'] });
    const acme = { domains: ['a.test'], storage: await folder() };
    const { balancer, log } = await startCertified({ pebble, acme, plain: 'none', workers: 1 });
    await eventually('the order is under way', () => log.some(({ message }) => message === 'certificate ordered'));
    await balancer.close(0);
    expect((await readdir(acme.storage)).filter((file) => /lock|new/.test(file))).to.deep.equal([]);
    await startCertified({ pebble, acme });
    await certified(pebble.tlsPort, ['a.test']);
  });
});

describe('roundhouse --acme', () => {
  before(function () {
    if (isPebbleMissing) this.skip();
  });
  afterEach(async () => {
    await endPrograms();
    await stopEverything();
  });

  it('is the whole configuration, with the trust of NODE_EXTRA_CA_CERTS', async () => {
    const pebble = await Pebble.start({ names: ['a.test', 'www.a.test'] });
    const backend = await startBackend((_request, response) => void response.end('served'));
    const own = ['--domain', 'a.test', '--domain', 'www.a.test', '--acme-directory', pebble.directory];
    const storage = join(await folder(), 'acme');
    const listen = `http://127.0.0.1:${pebble.httpPort},https://127.0.0.1:${pebble.tlsPort}`;
    const args = ['--acme', 'ops@example.com', ...own, '--acme-storage', storage, '--listen', listen];
    const env = { NODE_EXTRA_CA_CERTS: pebble.ca };
    const program = start('src/cli.js', [...args, '--admin', `127.0.0.1:${await freePort()}`, backend.address], env);
    await program.line('stderr', (line) => line.includes('listening'));
    await certified(pebble.tlsPort, ['a.test', 'www.a.test']);
    const plain = await fetch(`http://127.0.0.1:${pebble.httpPort}/x`, { redirect: 'manual' });
    expect([plain.status, plain.headers.get('location')]).to.deep.equal([308, `https://127.0.0.1:${pebble.tlsPort}/x`]);
    program.signal('SIGTERM');
    expect((await program.finished).code).to.equal(0);
  });
});
