import { expect } from 'chai';
import { dnsNames, type Names } from '../../src/control/dns.js';
import { DnsServer } from '../support/dns-server.js';
import { closeEverything, onClose } from './support.js';

describe('Names', function () {
  // Where DNS has no answer the system is asked, which may take its time.
  this.timeout(20_000);
  let server: DnsServer;
  let names: Names;

  beforeEach(async () => {
    server = await DnsServer.start();
    onClose(() => server.close());
    names = dnsNames([server.address]);
    onClose(() => names.cancel());
  });
  afterEach(closeEverything);

  const codeOf = (asking: Promise<unknown>): Promise<unknown> =>
    asking.then(
      () => 'an answer',
      (error: NodeJS.ErrnoException) => error.code,
    );

  it('have their addresses from DNS, IPv4 first, and hold for the shortest TTL', async () => {
    server.set('app.test', 'AAAA', ['fd00::7'], 20);
    server.set('app.test', 'A', ['10.0.0.7', '10.0.0.8'], 30);
    expect(await names.addresses('app.test')).to.deep.equal({
      addresses: ['10.0.0.7', '10.0.0.8', 'fd00::7'],
      ttlMs: 20_000,
    });
    expect([...server.asked].sort()).to.deep.equal(['app.test A', 'app.test AAAA']);
  });

  it('need not have both kinds of address', async () => {
    server.set('old.test', 'A', ['10.0.0.7'], 1);
    server.set('new.test', 'AAAA', ['fd00::7'], 1);
    expect((await names.addresses('old.test')).addresses).to.deep.equal(['10.0.0.7']);
    expect((await names.addresses('new.test')).addresses).to.deep.equal(['fd00::7']);
  });

  it('that the hosts file has are not asked for', async () => {
    const { addresses, ttlMs } = await names.addresses('localhost');
    expect(addresses).to.include.oneOf(['127.0.0.1', '::1']);
    expect([ttlMs, server.asked]).to.deep.equal([undefined, []]);
  });

  it('that nobody knows are told by the code of the system', async () => {
    expect(await codeOf(names.addresses('nowhere.invalid'))).to.be.oneOf(['ENOTFOUND', 'EAI_AGAIN']);
    expect(server.asked).to.include('nowhere.invalid A');
  });

  it('have no address while the server fails, whatever it says otherwise', async () => {
    server.set('app.invalid', 'A', ['10.0.0.7']);
    server.failure = 'server-failure';
    expect(await codeOf(names.addresses('app.invalid'))).to.be.oneOf(['ENOTFOUND', 'EAI_AGAIN']);
  });

  it('have no address while the server fails for one kind of them: half an answer would move backends', async () => {
    server.set('app.invalid', 'AAAA', ['fd00::7']);
    server.failing = ['A'];
    expect(await codeOf(names.addresses('app.invalid'))).to.be.oneOf(['ENOTFOUND', 'EAI_AGAIN']);
  });

  it('of services have targets with ports, priorities and weights', async () => {
    server.set('_http._tcp.app.test', 'SRV', [
      { target: 'one.test', port: 8001, priority: 1, weight: 5 },
      { target: 'two.test', port: 8002 },
    ]);
    expect(await names.services('_http._tcp.app.test')).to.deep.equal([
      { name: 'one.test', port: 8001, priority: 1, weight: 5 },
      { name: 'two.test', port: 8002, priority: 0, weight: 1 },
    ]);
    expect(await codeOf(names.services('_http._tcp.nowhere.test'))).to.equal('ENOTFOUND');
  });

  it('that are cancelled end at once', async () => {
    server.failure = 'silence';
    const asking = codeOf(names.services('_http._tcp.app.test'));
    while (server.asked.length === 0) await new Promise((resolve) => setImmediate(resolve));
    names.cancel();
    expect(await asking).to.equal('ECANCELLED');
  });
});
