import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { AcmeStorage } from '../../src/control/acme/storage.js';
import { selfSigned } from '../../src/control/tls/self-signed.js';

const NOTE = { domains: ['a.test'], directory: 'https://ca.test/dir', issued: '', notAfter: '' };

describe('The storage of certificates by ACME', () => {
  let folder: string;
  let storage: AcmeStorage;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'roundhouse-'));
    storage = new AcmeStorage(folder);
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('gives back what was stored, which only its owner may read', async () => {
    const made = await selfSigned(['a.test'], 5);
    await storage.store('a', made, NOTE);
    expect((await storage.certificate('a'))?.facts.names).to.deep.equal(['a.test']);
    for (const file of await readdir(folder)) expect((await stat(join(folder, file))).mode & 0o777).to.equal(0o600);
  });

  it('has nothing where a file is cut off, empty or missing', async () => {
    const { cert, key } = await selfSigned(['a.test'], 5);
    const whole = `${key}${cert}`;
    for (const text of ['', key, cert, whole.slice(0, -50), 'nothing']) {
      await writeFile(storage.fileOf('a'), text);
      expect(await storage.certificate('a'), text.slice(-60)).to.equal(undefined);
    }
    expect(await storage.certificate('b')).to.equal(undefined);
  });

  it('never shows half of a certificate while others are stored over it', async () => {
    const pairs = await Promise.all(['1.test', '2.test', '3.test'].map((name) => selfSigned([name], 5)));
    const [first] = pairs;
    if (first !== undefined) await storage.store('a', first, NOTE);
    const writes = Promise.all(
      Array.from({ length: 30 }, (_, i) => storage.store('a', pairs[i % 3] ?? { cert: '', key: '' }, NOTE)),
    );
    for (let reads = 0; reads < 50; reads++) expect(await storage.certificate('a')).to.not.equal(undefined);
    await writes;
    expect((await readdir(folder)).toSorted()).to.deep.equal(['a.json', 'a.pem']);
  });

  it('makes one account key, however many ask for it at once', async () => {
    let made = 0;
    const make = async (): Promise<string> => {
      made += 1;
      return `key ${made}\n`;
    };
    const keys = await Promise.all(Array.from({ length: 5 }, () => storage.accountKey(NOTE.directory, make)));
    expect(new Set(keys).size).to.equal(1);
    expect(await storage.accountKey(NOTE.directory, make)).to.equal(keys[0]);
    expect(await readdir(folder)).to.have.length(1);
    expect(await storage.accountKey('https://other.test/dir', make)).to.not.equal(keys[0]);
  });

  it('lets one process at a time order a certificate, and takes no notice of one that is long dead', async () => {
    const release = await storage.lock('a');
    expect(release).to.not.equal(undefined);
    expect(await new AcmeStorage(folder).lock('a')).to.equal(undefined);
    expect(await storage.lock('b')).to.not.equal(undefined);
    await release?.();
    expect(await storage.lock('a')).to.not.equal(undefined);
    const before = new Date(Date.now() - 120_000);
    await utimes(join(folder, 'a.lock'), before, before);
    expect(await storage.lock('a')).to.not.equal(undefined);
  });

  it('finds the certificate for most of the names, of those that are good', async () => {
    await storage.store('one', await selfSigned(['a.test'], 5), NOTE);
    await storage.store('two', await selfSigned(['a.test', 'b.test'], 5), NOTE);
    await storage.store('old', await selfSigned(['a.test', 'b.test', 'c.test'], -0.5), NOTE);
    const found = await storage.nearest(['a.test', 'b.test', 'c.test'], Date.now());
    expect(found?.facts.names).to.deep.equal(['a.test', 'b.test']);
    expect(await storage.nearest(['other.test'], Date.now())).to.equal(undefined);
  });

  it('says in a sentence why it cannot be used', async () => {
    await writeFile(join(folder, 'file'), '');
    const problem = await new AcmeStorage(join(folder, 'file', 'acme'))
      .prepare()
      .catch((error: Error) => error.message);
    expect(problem).to.equal(
      `${join(folder, 'file', 'acme')}: certificates of ACME cannot be stored there, since it fails with ENOTDIR`,
    );
    await mkdir(join(folder, 'deep'));
    await new AcmeStorage(join(folder, 'deep', 'er')).prepare();
    expect((await stat(join(folder, 'deep', 'er'))).mode & 0o777).to.equal(0o700);
  });
});
