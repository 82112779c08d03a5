import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { connect as connectPlain, type Socket } from 'node:net';
import type { ConnectionOptions, DetailedPeerCertificate, TLSSocket } from 'node:tls';
import { expect } from 'chai';
import type { TlsMaterial } from '../../src/core/secrets.js';
import { keyedCertificate } from '../../src/tls/certificate.js';
import { serverProfile } from '../../src/tls/profile.js';
import { startBackend } from '../support/backend.js';
import { onStop, stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import type { ProxyOptions, TestProxy } from '../support/proxy.js';
import { askOver, counted, materialOf, secured, sessionOf, startSecureProxy, TICKET_KEY } from '../support/secure.js';
import { type Issued, servedOf, TestCa } from '../support/test-ca.js';

type Shown = Partial<TlsMaterial> & Pick<TlsMaterial, 'certificates'>;

/** Starts a worker before a backend that answers with the fields that it got. */
async function start(part: Shown, options: Partial<ProxyOptions> = {}): Promise<TestProxy> {
  const mirror = await startBackend((request, response) => response.end(JSON.stringify(request.headers)));
  return startSecureProxy({ backends: [mirror.address], ...options }, part);
}

/** Common names of the certificates that a server has shown, up to the root that the client knows. */
function chainOf(socket: TLSSocket): readonly string[] {
  const names: string[] = [];
  let each: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (each !== undefined && !names.includes(String(each.subject.CN))) {
    names.push(String(each.subject.CN));
    each = each.issuerCertificate;
  }
  return names;
}

describe('Certificates of a CA', () => {
  let root: TestCa;
  let one: TestCa;
  let other: TestCa;

  before(async () => {
    root = await TestCa.root('root');
    [one, other] = await Promise.all([root.intermediate('one'), root.intermediate('other')]);
  });

  afterEach(stopEverything);

  it('of RSA and ECDSA stand side by side for a name, each with its own chain', async () => {
    const ec = servedOf(await one.issue(['both.example']), one.cert);
    const rsa = servedOf(await other.issue(['both.example'], 'rsa'), other.cert);
    const proxy = await start({ certificates: [rsa, ec] });
    const verified = { servername: 'both.example', ca: root.cert, rejectUnauthorized: true };
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const shown = async (sigalgs: string) => chainOf(await secured(proxy, { ...verified, maxVersion, sigalgs }));
      expect(await shown('ecdsa_secp256r1_sha256')).to.deep.equal(['both.example', 'one', 'root']);
      expect(await shown('rsa_pss_rsae_sha256:rsa_pkcs1_sha256')).to.deep.equal(['both.example', 'other', 'root']);
    }
  });

  it('may be for an IP address', async () => {
    const proxy = await start({ certificates: [servedOf(await one.issue(['127.0.0.1']), one.cert)] });
    const client = await secured(proxy, { ca: root.cert, rejectUnauthorized: true });
    expect(await askOver(client)).to.match(/^HTTP\/1\.1 200 /);
  });

  it('come with keys that a passphrase opens', async () => {
    const { cert, key } = await one.issue(['a.example']);
    const cipher = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' } as const;
    const sealed = createPrivateKey(key).export(cipher).toString();
    const made = keyedCertificate(cert, sealed, 'secret');
    expect(made).to.have.nested.property('served.names').that.deep.equals(['a.example']);
    expect(keyedCertificate(cert, sealed, 'other')).to.match(/passphrase does not open/);
    expect(keyedCertificate(cert, sealed, undefined)).to.match(/passphraseFile/);
  });

  it('are exchanged with a key exchange that quantum computers cannot undo, where OpenSSL has one', async function () {
    if (serverProfile('TLSv1.2').ecdhCurve?.startsWith('X25519MLKEM768') !== true) return this.skip();
    const proxy = await start({ certificates: [servedOf(await one.issue(['a.example']), one.cert)] });
    // The client offers nothing else.
    const client = await secured(proxy, { ecdhCurve: 'X25519MLKEM768' });
    expect(await askOver(client)).to.match(/^HTTP\/1\.1 200 /);
  });

  describe('that clients show', () => {
    let server: Shown;
    let alice: Issued;
    let bob: Issued;

    before(async () => {
      server = { certificates: [servedOf(await one.issue(['site.example']), one.cert)] };
      [alice, bob] = await Promise.all([one.issue(['alice']), one.issue(['bob'])]);
    });

    const trusting = (part: Partial<NonNullable<TlsMaterial['clientAuth']>> = {}): Shown => ({
      ...server,
      clientAuth: { required: true, ca: [root.cert], crl: [], ...part },
    });
    const showing = ({ cert, key }: Issued): ConnectionOptions => ({ cert: cert + one.cert, key });
    const ask = async (proxy: TestProxy, who: Issued) => askOver(await secured(proxy, showing(who)));

    it('reach backends with the intermediate ones that came with them', async () => {
      const answer = await ask(await start(trusting()), alice);
      const sent = (name: string): string => {
        const [, base64 = ''] = new RegExp(`"${name}":":([^:]*):"`).exec(answer) ?? [];
        return new X509Certificate(Buffer.from(base64, 'base64')).subject;
      };
      expect([sent('client-cert'), sent('client-cert-chain')]).to.deep.equal(['CN=alice', 'CN=one']);
    });

    it('are refused once they are on the revocation list of their CA', async () => {
      const crl = [await root.revoking(), await one.revoking(bob)];
      const proxy = await start(trusting({ crl }));
      expect(await ask(proxy, alice)).to.match(/^HTTP\/1\.1 200 /);
      expect(await ask(proxy, bob)).to.match(/^HTTP\/1\.1 400 [\s\S]*is not accepted: cert revoked/);
    });

    it('are looked at again when the revocation list is another one, also in sessions that go on', async () => {
      const crl = [await root.revoking(), await one.revoking()];
      const proxy = await start(trusting({ crl }));
      const session = await sessionOf(proxy, showing(bob));
      const tls = [materialOf(proxy, { ...trusting({ crl: [await root.revoking(), await one.revoking(bob)] }) })];
      proxy.worker.receive({ type: 'certificates', tls }, undefined);
      const again = await secured(proxy, { ...showing(bob), session });
      expect(await askOver(again)).to.match(/^HTTP\/1\.1 400 /);
    });
  });
});

describe('Session tickets', () => {
  afterEach(stopEverything);

  const NEXT_KEY = createHash('sha384').update('next').digest('base64');
  let served: Shown;

  before(async () => {
    const ca = await TestCa.root('root');
    served = { certificates: [servedOf(await ca.issue(['site.example']))] };
  });

  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`under the key before are accepted over ${maxVersion}, and no others`, async () => {
      const proxy = await start(served);
      const session = await sessionOf(proxy, { maxVersion });
      const rotate = (part: Partial<TlsMaterial>) =>
        proxy.worker.receive({ type: 'certificates', tls: [materialOf(proxy, { ...served, ...part })] }, undefined);
      const resumes = async (shown: Buffer) => {
        const client = await secured(proxy, { maxVersion, session: shown });
        const isReused = client.isSessionReused();
        expect(await askOver(client)).to.match(/^HTTP\/1\.1 200 /);
        return isReused;
      };
      rotate({ ticketKey: NEXT_KEY, previousTicketKey: TICKET_KEY });
      expect(await resumes(session), 'a ticket from before').to.equal(true);
      const fresh = await sessionOf(proxy, { maxVersion });
      expect(await resumes(fresh), 'a ticket from now').to.equal(true);
      rotate({ ticketKey: NEXT_KEY });
      expect(await resumes(fresh), 'a ticket of the rotation').to.equal(true);
      expect(await resumes(session), 'a ticket whose key is gone').to.equal(false);
      expect(counted(proxy, `${maxVersion} resumed`)).to.equal(3);
    });
  }
});

describe('A port with TLS', () => {
  afterEach(stopEverything);

  let served: Shown;

  before(async () => {
    const ca = await TestCa.root('root');
    served = { certificates: [servedOf(await ca.issue(['site.example']))] };
  });

  async function answerTo(proxy: TestProxy, bytes: string | Buffer): Promise<string> {
    const client = connectPlain(proxy.port, '127.0.0.1');
    client.on('error', () => {});
    client.write(bytes);
    let text = '';
    for await (const chunk of client) text += String(chunk);
    return text;
  }

  /** Connects without TLS. */
  function dialPlain(proxy: TestProxy): Socket {
    const client = connectPlain(proxy.port, '127.0.0.1');
    client.on('error', () => {});
    onStop(() => void client.destroy());
    return client;
  }

  /** Begins a ClientHello of 16 MiB: the head of a record, and the head of the message in it. */
  const ENDLESS = Buffer.from('16030140000100ffffff', 'hex');

  it('serves others while a thousand clients do not finish their handshakes', async () => {
    const proxy = await start(served, { clock: 'held' });
    const slow = Array.from({ length: 1_000 }, (_, index) => {
      const client = dialPlain(proxy);
      if (index % 2 === 0) client.write(ENDLESS);
      return client;
    });
    await eventually('all are there', () => proxy.worker.door.clients === slow.length);
    expect(await proxy.passUntil(secured(proxy).then((client) => askOver(client)))).to.match(/^HTTP\/1\.1 200 /);
    expect(proxy.worker.door.clients, 'the others have the rest of their time').to.be.at.least(slow.length);
    await proxy.passUntil(eventually('their time is over', () => proxy.worker.door.clients === 0));
    expect(counted(proxy, 'timeout')).to.equal(slow.length);
  });

  it('ends a ClientHello that does not end', async () => {
    const proxy = await start(served);
    const client = dialPlain(proxy);
    client.resume();
    const closed = new Promise((resolve) => client.once('close', resolve));
    client.write(Buffer.concat([ENDLESS, Buffer.alloc(16_384 - 4)]));
    const record = Buffer.concat([Buffer.from('1603014000', 'hex'), Buffer.alloc(16_384)]);
    for (let count = 0; count < 64 && client.writable; count++) {
      if (!client.write(record)) await Promise.race([closed, new Promise((resolve) => client.once('drain', resolve))]);
    }
    await closed;
    await eventually('it is counted', () => counted(proxy, 'invalid') === 1);
  });

  it('answers HTTP without TLS with a 400 that says so, whatever its method', async () => {
    const proxy = await start(served);
    const methods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'PROPFIND', 'X-OWN'];
    for (const method of methods) {
      const answer = await answerTo(proxy, `${method} / HTTP/1.1\r\nHost: a\r\n\r\n`);
      expect(answer, method).to.match(/^HTTP\/1\.1 400 [\s\S]*speaks https/);
    }
    expect(await answerTo(proxy, 'CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n')).to.match(/^HTTP\/1\.1 400 /);
    expect(await answerTo(proxy, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')).to.match(/^HTTP\/1\.1 400 /);
    expect(counted(proxy, 'plain-http')).to.equal(methods.length + 2);
  });
});
