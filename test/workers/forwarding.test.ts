/**
 * test/workers/forwarding.test.ts: the fields that the configuration adds to a request, and which clients may set them.
 */
import { expect } from 'chai';
import { startRawBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { field, type Message } from '../support/message.js';
import { rawRequest } from '../support/peer.js';
import { type ProxyOptions, startProxy } from '../support/proxy.js';

describe('A request that is forwarded', () => {
  afterEach(stopEverything);

  /** @returns what the backend saw of `request`, and what the client was answered */
  async function forward(
    request: string,
    forwarding: ProxyOptions['forwarding'],
  ): Promise<{ seen: Message | undefined; answer: Message }> {
    let seen: Message | undefined;
    const backend = await startRawBackend(async (peer) => {
      seen = await peer.message();
      peer.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    });
    const proxy = await startProxy({ backends: [backend.address], forwarding });
    const answer = await rawRequest(proxy.port, request);
    return { seen, answer };
  }

  async function seenBy(request: string, forwarding: ProxyOptions['forwarding']): Promise<Message> {
    const { seen } = await forward(request, forwarding);
    if (seen === undefined) throw new TypeError('Nothing reached the backend');
    return seen;
  }

  it('keeps what a trusted proxy says of the client before it, and appends that proxy', async () => {
    const seen = await seenBy(
      'GET / HTTP/1.1\r\nHost: site.test\r\nX-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\n\r\n',
      { trustedProxies: ['10.0.0.0/8', '127.0.0.0/8'] },
    );
    expect(field(seen, 'x-forwarded-for')).to.equal('203.0.113.9, 127.0.0.1');
    expect(field(seen, 'x-forwarded-proto')).to.equal('https');
  });

  it('loses what anybody else says of it', async () => {
    const seen = await seenBy('GET / HTTP/1.1\r\nHost: site.test\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n', {
      trustedProxies: ['10.0.0.0/8', '::1'],
    });
    expect(field(seen, 'x-forwarded-for')).to.equal('127.0.0.1');
  });

  it('loses an X-Real-IP and its like of a stranger, and keeps those of a trusted proxy', async () => {
    const said = {
      'X-Real-IP': '203.0.113.9',
      'X-Client-IP': '203.0.113.9',
      'X-Scheme': 'https',
      'X-Forwarded-Port': '1',
    };
    const fields = Object.entries(said).map(([name, value]) => `${name}: ${value}\r\n`);
    const request = `GET / HTTP/1.1\r\nHost: site.test\r\nConnection: X-Real-IP\r\n${fields.join('')}\r\n`;
    const ofStranger = await seenBy(request, {});
    const ofProxy = await seenBy(request, { trustedProxies: ['127.0.0.1'] });
    for (const [name, value] of Object.entries(said)) {
      expect(field(ofStranger, name.toLowerCase()), name).to.equal(undefined);
      expect(field(ofProxy, name.toLowerCase()), name).to.equal(value);
    }
  });

  it('carries Forwarded where that is asked for (RFC 7239 section 4)', async () => {
    const seen = await seenBy('GET / HTTP/1.1\r\nHost: site.test:81\r\n\r\n', { forwarded: true });
    expect(field(seen, 'forwarded')).to.equal('for=127.0.0.1;proto=http;host="site.test:81"');
  });

  it('names this hop in Via behind those before it (RFC 9110 section 7.6.3)', async () => {
    const seen = await seenBy('GET / HTTP/1.1\r\nHost: site.test\r\nVia: 1.0 first\r\n\r\n', { via: 'edge-1' });
    expect(seen.fields.filter(({ name }) => name === 'Via').map(({ value }) => value)).to.deep.equal([
      '1.0 first',
      '1.1 edge-1',
    ]);
  });

  it('gets an X-Request-Id of its own when it has none, or none that can be passed on', async () => {
    const request = 'GET / HTTP/1.1\r\nHost: site.test\r\n';
    const made = await seenBy(`${request}\r\n`, { requestId: true });
    const replaced = await seenBy(`${request}X-Request-Id: ${'x'.repeat(129)}\r\n\r\n`, { requestId: true });
    expect(field(made, 'x-request-id')).to.match(/^[0-9a-f-]{36}$/);
    expect(field(replaced, 'x-request-id')).to.match(/^[0-9a-f-]{36}$/);
    expect(field(made, 'x-request-id')).to.not.equal(field(replaced, 'x-request-id'));
  });

  it('keeps the X-Request-Id it came with, whether or not they are made here', async () => {
    const request = 'GET / HTTP/1.1\r\nHost: site.test\r\nX-Request-Id: abc-1\r\n\r\n';
    expect(field(await seenBy(request, { requestId: true }), 'x-request-id')).to.equal('abc-1');
    expect(field(await seenBy(request, {}), 'x-request-id')).to.equal('abc-1');
  });

  it('goes one hop less far when it is an OPTIONS or TRACE with Max-Forwards (RFC 9110 section 7.6.2)', async () => {
    const seen = await seenBy('OPTIONS * HTTP/1.1\r\nHost: site.test\r\nMax-Forwards: 10\r\n\r\n', {});
    expect(field(seen, 'max-forwards')).to.equal('9');
    const other = await seenBy('GET / HTTP/1.1\r\nHost: site.test\r\nMax-Forwards: 10\r\n\r\n', {});
    expect(field(other, 'max-forwards')).to.equal('10');
  });

  it('is answered here when Max-Forwards is 0', async () => {
    const options = await forward('OPTIONS * HTTP/1.1\r\nHost: site.test\r\nMax-Forwards: 0\r\n\r\n', {});
    const trace = await forward('TRACE / HTTP/1.1\r\nHost: site.test\r\nMax-Forwards: 0\r\n\r\n', {});
    expect([options.answer.status, trace.answer.status]).to.deep.equal([200, 405]);
    expect([options.seen, trace.seen]).to.deep.equal([undefined, undefined]);
    expect(field(trace.answer, 'allow')).to.include('GET');
  });
});
