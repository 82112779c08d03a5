import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type ConfigInput, configSchema } from '../../src/config/schema.js';
import { Certificates } from '../../src/control/tls/certificates.js';
import { ExpiryNotices } from '../../src/control/tls/expiry-notices.js';
import { selfSigned } from '../../src/control/tls/self-signed.js';

type Listeners = NonNullable<ConfigInput['listeners']>;

describe('The certificates of a balancer', () => {
  let folder: string;
  let noted: string[];
  let nowMs: number;
  let certificates: Certificates;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'roundhouse-'));
    noted = [];
    nowMs = Date.now();
    const journal = { note: (kind: string) => void noted.push(kind) };
    certificates = new Certificates(journal, () => nowMs);
    await put('a', ['a.test']);
  });

  afterEach(() => rm(folder, { recursive: true }));

  const at = (name: string): string => join(folder, name);

  async function put(name: string, names: readonly string[], days = 30): Promise<void> {
    const { cert, key } = await selfSigned(names, days);
    await writeFile(at(`${name}.pem`), cert);
    await writeFile(at(`${name}.key`), key);
  }

  function listeners(tls: Partial<NonNullable<Listeners[number]['tls']>> = {}) {
    const files = { certificates: [{ cert: at('a.pem'), key: at('a.key') }], ...tls };
    const input = [{ address: '127.0.0.1:1', name: 'web', tls: files }];
    return configSchema.parse({ listeners: input, pools: { web: { backends: [{ address: 'a:1' }] } } }).listeners;
  }

  const readAgain = async () => certificates.use(await certificates.read(listeners()));
  const fingerprint = () => certificates.material?.[0]?.certificates[0]?.fingerprint;

  it('go to the workers with their keys, and are shown without', async () => {
    nowMs += 3_600_000;
    await readAgain();
    const [material] = certificates.material ?? [];
    expect(material).to.include({ listener: 'web', minVersion: 'TLSv1.2' });
    expect(material?.certificates[0]?.key).to.match(/PRIVATE KEY/);
    expect(JSON.stringify(certificates.view())).to.not.match(/PRIVATE KEY/);
    expect(certificates.view()[0]).to.include({ issuer: 'CN=a.test', daysLeft: 29, problem: null });
  });

  it('are replaced by newer ones', async () => {
    await readAgain();
    const before = fingerprint();
    await put('a', ['a.test']);
    await readAgain();
    expect(fingerprint()).to.not.equal(before);
    expect(noted).to.deep.equal(['certificate-changed']);
  });

  it('stay in use when what replaces them cannot be used, which is noted once', async () => {
    await readAgain();
    const before = fingerprint();
    await writeFile(at('a.pem'), (await selfSigned(['a.test'], 30)).cert);
    for (let again = 0; again < 3; again++) await readAgain();
    expect(fingerprint()).to.equal(before);
    expect(noted).to.deep.equal(['certificate-rejected']);
    expect(certificates.view()[0]?.problem).to.match(/does not belong to its key/);
    await writeFile(at('a.pem'), 'nothing');
    await readAgain();
    await rm(at('a.pem'));
    await readAgain();
    expect(fingerprint()).to.equal(before);
    expect(noted).to.have.length(3);
  });

  it('stay in use when what replaces them has expired', async () => {
    await readAgain();
    const before = fingerprint();
    await put('a', ['a.test'], 1);
    nowMs += 5 * 86_400_000;
    await readAgain();
    expect(fingerprint()).to.equal(before);
    expect(certificates.view()[0]?.problem).to.match(/expired on/);
  });

  it('are noted once when they expire in less than 14 days, and once when they have', async () => {
    await readAgain();
    const notices = new ExpiryNotices({ note: (kind: string) => void noted.push(kind) });
    const look = () => notices.look(certificates.view());
    look();
    expect(noted).to.deep.equal([]);
    for (const days of [17, 20, 31, 40]) {
      nowMs = Date.now() + days * 86_400_000;
      look();
      look();
    }
    expect(noted).to.deep.equal(['certificate-expires', 'certificate-expires']);
    await put('a', ['a.test'], 100);
    await readAgain();
    look();
    expect(noted.slice(2)).to.deep.equal(['certificate-changed']);
  });

  it('are a mistake at the start, in a sentence that names the file', async () => {
    await rm(at('a.key'));
    let message = '';
    await certificates.read(listeners()).catch((error: Error) => {
      message = error.message;
    });
    expect(message).to.equal(`${at('a.key')}: there is no such file`);
  });

  it('come with ticket keys of their own where clients are asked for certificates', async () => {
    await put('ca', ['ca.test']);
    await readAgain();
    const open = certificates.material?.[0]?.ticketKey;
    certificates.use(await certificates.read(listeners({ clientAuth: { ca: at('ca.pem') } })));
    const asking = certificates.material?.[0]?.ticketKey;
    await put('ca', ['ca.test']);
    certificates.use(await certificates.read(listeners({ clientAuth: { ca: at('ca.pem') } })));
    const withOtherTrust = certificates.material?.[0]?.ticketKey;
    expect(new Set([open, asking, withOtherTrust]).size).to.equal(3);
    certificates.tickets.rotate();
    expect(certificates.material?.[0]?.ticketKey).to.not.equal(withOtherTrust);
    expect(certificates.material?.[0]?.previousTicketKey).to.equal(withOtherTrust);
    certificates.tickets.retire();
    expect(certificates.material?.[0]).to.not.have.property('previousTicketKey');
  });
});
