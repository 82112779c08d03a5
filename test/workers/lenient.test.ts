/** test/workers/lenient.test.ts: what `http.lenient` lets through, each rule by itself, and that nothing is without it. */
import { constants } from 'node:http2';
import { expect } from 'chai';
import { LENIENT_RULES, type LenientRule } from '../../src/core/lenient-rules.js';
import { type RawBackend, startBackend, startRawBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { ask as askHttp2, connectHttp2 } from '../support/http2-client.js';
import { field } from '../support/message.js';
import { connect, get, rawRequest } from '../support/peer.js';
import { startProxy, type TestProxy } from '../support/proxy.js';

const only = (...lenient: LenientRule[]): { http: { lenient: LenientRule[] } } => ({ http: { lenient } });
const allBut = (left: LenientRule) => only(...LENIENT_RULES.filter((rule) => rule !== left));

describe('A target in raw UTF-8', () => {
  afterEach(stopEverything);

  const target = '/caf\xc3\xa9?q=\xe2\x82\xac';

  /** A proxy in front of a backend that answers with the target that it was asked for, and with what it was sent. */
  async function echoing(lenient: { http: { lenient: LenientRule[] } }): Promise<TestProxy> {
    const backend = await startBackend((request, response) => {
      response.setHeader('X-Target', request.url ?? '');
      request.pipe(response);
    });
    const routes = [{ path: '/caf%C3%A9', pool: 'default' }];
    return startProxy({ ...lenient, backends: [backend.address], routes });
  }

  it('is refused', async () => {
    const { port } = await echoing(allBut('utf8-target'));
    expect(await get(port, target)).to.include({ status: 400 });
  });

  it('is percent-encoded with utf8-target, for routes and backends', async () => {
    const { port } = await echoing(only('utf8-target'));
    const answer = await get(port, target);
    expect([answer.status, field(answer, 'X-Target')]).to.deep.equal([200, '/caf%C3%A9?q=%E2%82%AC']);
  });

  it('keeps what follows the head where it is: the body, and the next request', async () => {
    const { port } = await echoing(only('utf8-target'));
    const client = await connect(port);
    const post = `POST ${target} HTTP/1.1\r\nHost: site.test\r\nContent-Length: 5\r\n\r\n`;
    client.send(`${post}h\xc3\xa9ll${post}again`);
    expect((await client.message()).body).to.equal('h\xc3\xa9ll');
    expect((await client.message()).body).to.equal('again');
  });

  it('is put together from single bytes', async () => {
    const { port } = await echoing(only('utf8-target'));
    const client = await connect(port);
    await client.drip(`GET ${target} HTTP/1.1\r\nHost: site.test\r\n\r\n`);
    expect(field(await client.message(), 'X-Target')).to.equal('/caf%C3%A9?q=%E2%82%AC');
  });

  it('is refused if it is not UTF-8, and any other target as before', async () => {
    const { port } = await echoing(only('utf8-target'));
    for (const bad of ['/\xe9', '/\xc0\xaf', '/\xed\xa0\x80', '/a#\xc3\xa9', 'caf\xc3\xa9', 'nowhere']) {
      expect(await get(port, bad), bad).to.include({ status: 400 });
    }
  });

  it('relaxes nothing else of a request', async () => {
    const { port } = await echoing(only(...LENIENT_RULES));
    for (const request of [
      'GET / HTTP/1.1\nHost: site.test\n\n',
      'GET / HTTP/1.1\r\nHost : site.test\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: site.test\r\nA: b\r\n c\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: site.test\r\na b: c\r\n\r\n',
      `GET ${target} HTTP/1.1\nHost: site.test\n\n`,
    ]) {
      expect(await rawRequest(port, request), request).to.include({ status: 400 });
    }
  });

  it('is the same over HTTP/2', async () => {
    const strict = await connectHttp2((await echoing(allBut('utf8-target'))).port);
    const raw = { ':path': target };
    expect(await askHttp2(strict, raw)).to.include({ status: 0, code: constants.NGHTTP2_PROTOCOL_ERROR });
    const lenient = await connectHttp2((await echoing(only('utf8-target'))).port);
    expect((await askHttp2(lenient, raw)).headers['x-target']).to.equal('/caf%C3%A9?q=%E2%82%AC');
  });
});

const RESPONSES: readonly (readonly [rule: LenientRule, head: string])[] = [
  ['response-bare-lf', 'HTTP/1.1 200 OK\nX-A: b\nContent-Length: 5\n\n'],
  ['response-line-folding', 'HTTP/1.1 200 OK\r\nX-A:\r\n\tb\r\nContent-Length: 5\r\n\r\n'],
  ['response-space-before-colon', 'HTTP/1.1 200 OK\r\nX-A : b\r\nContent-Length : 5\r\n\r\n'],
  ['response-bad-field-name', 'HTTP/1.1 200 OK\r\nX-A: b\r\nno colon\r\nContent-Length: 5\r\n\r\n'],
];

describe('A response that breaks a rule which real servers break', () => {
  afterEach(stopEverything);

  /** A backend that answers every request with `response`. @param drips whether it sends byte by byte */
  function answering(response: string, drips = false): Promise<RawBackend> {
    return startRawBackend(async (peer) => {
      for (;;) {
        await peer.message();
        if (drips) await peer.drip(response);
        else peer.send(response);
      }
    });
  }

  for (const [rule, head] of RESPONSES) {
    describe(rule, () => {
      it('is 502 without that rule, whatever other rules there are', async () => {
        const backend = await answering(`${head}hello`);
        const { port } = await startProxy({ ...allBut(rule), backends: [backend.address] });
        expect(await get(port)).to.include({ status: 502 });
      });

      it('is forwarded in the strict form with it, and the connection is used again', async () => {
        const backend = await answering(`${head}hello`);
        const { port } = await startProxy({ ...only(rule), backends: [backend.address] });
        for (let i = 0; i < 3; i++) {
          const { status, raw, body } = await get(port);
          expect([status, body]).to.deep.equal([200, 'hello']);
          expect(raw).to.equal('HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 5\r\n\r\nhello');
        }
        expect(backend.accepted).to.equal(1);
      });

      it('is put together from single bytes, behind an interim response that breaks it as well', async () => {
        const interim = head.replace('200 OK', '103 Early').replace(/Content-Length ?: 5\r?\n/, '');
        const backend = await answering(`${interim}${head}hello`, true);
        const { port } = await startProxy({ ...only(rule), backends: [backend.address] });
        const client = await connect(port);
        client.send('GET / HTTP/1.1\r\nHost: site.test\r\n\r\n');
        expect(await client.message({ toHead: true })).to.include({ status: 103 });
        expect(await client.message()).to.include({ status: 200, body: 'hello' });
      });
    });
  }

  it('is mended and nothing more: what frames the body twice stays refused', async () => {
    const backend = await answering('HTTP/1.1 200 OK\nContent-Length : 5\nTransfer-Encoding: chunked\n\nhello');
    const { port } = await startProxy({ ...only(...LENIENT_RULES), backends: [backend.address] });
    expect(await get(port)).to.include({ status: 502 });
  });

  it('has its bodies read as strictly as ever', async () => {
    const backend = await answering('HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n5\nhello\n0\n\n');
    const { port } = await startProxy({ ...only(...LENIENT_RULES), backends: [backend.address] });
    const client = await connect(port);
    client.send('GET / HTTP/1.1\r\nHost: site.test\r\n\r\n');
    await client.gone();
    expect(client.text).to.not.contain('0\r\n\r\n');
  });
});
