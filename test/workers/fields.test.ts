/** test/workers/fields.test.ts: what a proxy adds to a head, drops from it and leaves alone. */
import { expect } from 'chai';
import { startRawBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { field, type Message } from '../support/message.js';
import { connect, rawRequest } from '../support/peer.js';
import { startProxy } from '../support/proxy.js';

describe('Header fields', () => {
  let seen: Message;

  afterEach(stopEverything);

  async function exchange(
    request: string,
    response = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
  ): Promise<Message> {
    const backend = await startRawBackend(async (peer) => {
      seen = await peer.message();
      peer.send(response);
    });
    const proxy = await startProxy({ backends: [backend.address] });
    return rawRequest(proxy.port, request);
  }

  it('reach the backend in their order, case and bytes', async () => {
    await exchange(
      'GET /a%2fb?q=\xe9 HTTP/1.1\r\nhOsT: Site.Test\r\nX-B: 1\r\nx-a:   two  words \r\nX-B: \xfc\r\n\r\n'.replace(
        '\xe9',
        '%C3',
      ),
    );
    expect(seen.raw).to.include(
      'GET /a%2fb?q=%C3 HTTP/1.1\r\nhOsT: Site.Test\r\nX-B: 1\r\nx-a:   two  words \r\nX-B: \xfc\r\n',
    );
  });

  it('say whom the request came from, and drop what the client claims about that', async () => {
    await exchange(
      'GET / HTTP/1.1\r\nHost: site.test:81\r\nX-Forwarded-For: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\n' +
        'X-Forwarded-Proto: https\r\nX-Forwarded-Host: evil.test\r\nx_forwarded_for: 6.6.6.6\r\n\r\n',
    );
    expect(field(seen, 'x-forwarded-for')).to.equal('127.0.0.1');
    expect(field(seen, 'x-forwarded-proto')).to.equal('http');
    expect(field(seen, 'x-forwarded-host')).to.equal('site.test:81');
    expect(seen.raw).to.not.match(/6\.6\.6\.6|evil|forwarded:/i);
  });

  it('for this hop only are not passed to the backend', async () => {
    await exchange(
      'GET / HTTP/1.1\r\nHost: site.test\r\nConnection: keep-alive, X-Private\r\nKeep-Alive: timeout=9\r\n' +
        'Proxy-Connection: keep-alive\r\nX-Private: 1\r\nTE: gzip\r\nUpgrade: websocket\r\nX-Kept: 1\r\n\r\n',
    );
    expect(seen.fields.map(({ name }) => name)).to.deep.equal([
      'Host',
      'X-Kept',
      'X-Forwarded-For',
      'X-Forwarded-Proto',
      'X-Forwarded-Host',
    ]);
  });

  it('that belong to the proxy cannot be taken away by Connection', async () => {
    await exchange('GET / HTTP/1.1\r\nHost: site.test\r\nConnection: X-Forwarded-For, Host, X-Forwarded-Host\r\n\r\n');
    expect(field(seen, 'host')).to.equal('site.test');
    expect(field(seen, 'x-forwarded-for')).to.equal('127.0.0.1');
    expect(field(seen, 'x-forwarded-host')).to.equal('site.test');
  });

  it('for this hop only are not passed to the client', async () => {
    const answer = await exchange(
      'GET / HTTP/1.1\r\nHost: site.test\r\n\r\n',
      'HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Private\r\nKeep-Alive: timeout=9\r\nX-Private: 1\r\n' +
        'Upgrade: h2\r\nX-Kept: 1\r\nContent-Length: 0\r\n\r\n',
    );
    expect(answer.raw).to.equal('HTTP/1.1 200 OK\r\nX-Kept: 1\r\nContent-Length: 0\r\n\r\n');
  });

  it('that repeat, such as Set-Cookie, reach the client one by one and in order', async () => {
    const head = 'HTTP/1.1 200 OK\r\nSet-Cookie: b=2\r\nX-Between: 1\r\nset-cookie: a=1; Path=/\r\nSet-Cookie: c=3\r\n';
    const answer = await exchange('GET / HTTP/1.1\r\nHost: site.test\r\n\r\n', `${head}Content-Length: 0\r\n\r\n`);
    expect(answer.raw).to.equal(`${head}Content-Length: 0\r\n\r\n`);
  });

  it('of the backend about its connection say nothing about the client: it stays open', async () => {
    const backend = await startRawBackend(async (peer) => {
      await peer.message();
      peer.send('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok');
      peer.end();
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    for (let i = 0; i < 2; i++) {
      client.send('GET / HTTP/1.1\r\nHost: site.test\r\n\r\n');
      expect((await client.message()).raw).to.equal('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    }
    expect(backend.accepted).to.equal(2);
  });

  it('keep the reason a backend gives with its status', async () => {
    const answer = await exchange(
      'GET / HTTP/1.1\r\nHost: site.test\r\n\r\n',
      'HTTP/1.1 404 Nothing \xfcber here\r\nContent-Length: 0\r\n\r\n',
    );
    expect(answer.line).to.equal('HTTP/1.1 404 Nothing \xfcber here');
  });
});
