import { once } from 'node:events';
import { expect } from 'chai';
import { startBackend, startRawBackend } from '../../support/backend.js';
import { stopEverything } from '../../support/cleanup.js';
import { answerOn, ask, connectHttp2 } from '../../support/http2-client.js';
import { startProxy } from '../../support/proxy.js';

describe('A client of HTTP/2', () => {
  afterEach(stopEverything);

  it('gets the response of an HTTP/1.1 backend', async () => {
    const backend = await startBackend((request, response) => {
      response.setHeader('X-Seen', `${request.method} ${request.url} ${request.headers.host}`);
      response.end('hello');
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const session = await connectHttp2(proxy.port);
    const answer = await ask(session, { ':path': '/a?b', ':authority': 'site.test' });
    expect(answer).to.include({ status: 200, body: 'hello' });
    expect(answer.headers).to.include({ 'x-seen': 'GET /a?b site.test' });
    expect(answer.headers).not.to.have.any.keys('connection', 'keep-alive', 'transfer-encoding');
  });

  it('has many requests under way on one connection, which are answered in any order', async () => {
    const held: (() => void)[] = [];
    const backend = await startBackend((request, response) => {
      held.push(() => response.end(request.url));
      if (held.length === 20) for (const answer of held.reverse()) answer();
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const session = await connectHttp2(proxy.port);
    const paths = Array.from({ length: 20 }, (_, at) => `/${at}`);
    const answers = await Promise.all(paths.map((path) => ask(session, { ':path': path })));
    expect(answers.map(({ body }) => body)).to.deep.equal(paths);
  });

  it('is spread over the backends request by request', async () => {
    const backends = await Promise.all(
      ['a', 'b', 'c'].map((name) => startBackend((_request, response) => response.end(name))),
    );
    const proxy = await startProxy({ backends: backends.map(({ address }) => address) });
    const session = await connectHttp2(proxy.port);
    const bodies: string[] = [];
    for (let i = 0; i < 9; i++) bodies.push((await ask(session, { ':path': '/' })).body);
    for (const name of ['a', 'b', 'c']) expect(bodies.filter((body) => body === name)).to.have.length(3);
  });

  it('sends a body of a length that it tells', async () => {
    const backend = await startBackend((request, response) => {
      response.setHeader('X-Length', request.headers['content-length'] ?? 'none');
      request.pipe(response);
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const session = await connectHttp2(proxy.port);
    const answer = await ask(session, { ':method': 'POST', ':path': '/', 'content-length': 5 }, 'hello');
    expect(answer).to.include({ status: 200, body: 'hello' });
    expect(answer.headers).to.include({ 'x-length': '5' });
  });

  it('sends a body of a length that it does not tell, which reaches the backend in chunks', async () => {
    const backend = await startBackend((request, response) => {
      response.setHeader('X-Coding', request.headers['transfer-encoding'] ?? 'none');
      request.pipe(response);
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const session = await connectHttp2(proxy.port);
    const body = 'x'.repeat(300_000);
    const answer = await ask(session, { ':method': 'POST', ':path': '/' }, body);
    expect(answer.body).to.equal(body);
    expect(answer.headers).to.include({ 'x-coding': 'chunked' });
  });

  it('has a small request sent to the backend in one go', async () => {
    let text = '';
    const backend = await startRawBackend(async (peer) => {
      text = await peer.through('hello');
      peer.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const session = await connectHttp2(proxy.port);
    await ask(session, { ':method': 'POST', ':path': '/', 'content-length': 5 }, 'hello');
    expect(text).to.match(/content-length: 5\r\n[\s\S]*\r\n\r\nhello$/i);
  });

  it('gets a large response without a length', async () => {
    const body = 'x'.repeat(5_000_000);
    const backend = await startBackend((_request, response) => {
      response.write(body);
      response.end('end');
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const session = await connectHttp2(proxy.port);
    expect((await ask(session, { ':path': '/' })).body).to.equal(`${body}end`);
  });

  it('gets the trailers of a response', async () => {
    const backend = await startBackend((_request, response) => {
      response.setHeader('Trailer', 'X-Sum');
      response.write('body');
      response.addTrailers({ 'X-Sum': '1' });
      response.end();
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const session = await connectHttp2(proxy.port);
    const answer = await ask(session, { ':path': '/' });
    expect(answer).to.include({ status: 200, body: 'body' });
    expect(answer.trailers).to.include({ 'x-sum': '1' });
  });

  it('has its trailers passed on to a backend that reads chunks', async () => {
    const backend = await startBackend((request, response) => {
      request.resume().on('end', () => response.end(JSON.stringify(request.trailers)));
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const session = await connectHttp2(proxy.port);
    const stream = session.request({ ':method': 'POST', ':path': '/' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '2' }));
    stream.end('body');
    expect((await answerOn(stream)).body).to.equal('{"x-sum":"2"}');
  });

  it('gets interim responses', async () => {
    const backend = await startBackend((_request, response) => {
      response.writeEarlyHints({ link: '</a.css>; rel=preload' });
      response.end('done');
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const session = await connectHttp2(proxy.port);
    const stream = session.request({ ':path': '/' });
    const [interim] = (await once(stream, 'headers')) as [Record<string, unknown>];
    expect(interim).to.include({ ':status': 103, link: '</a.css>; rel=preload' });
    expect((await answerOn(stream)).body).to.equal('done');
  });

  it('is answered by the balancer when no backend can', async () => {
    const proxy = await startProxy({ backends: ['127.0.0.1:1'] });
    const session = await connectHttp2(proxy.port);
    const answer = await ask(session, { ':path': '/' });
    expect(answer.status).to.equal(502);
    expect(answer.body).to.match(/^502 Bad Gateway: /);
  });

  it('gets no body for HEAD', async () => {
    const backend = await startBackend((_request, response) => response.setHeader('Content-Length', 7).end());
    const proxy = await startProxy({ backends: [backend.address] });
    const session = await connectHttp2(proxy.port);
    const answer = await ask(session, { ':method': 'HEAD', ':path': '/' });
    expect(answer).to.include({ status: 200, body: '' });
    expect(answer.headers).to.include({ 'content-length': '7' });
  });

  it('sees a response that breaks off as broken', async () => {
    const backend = await startRawBackend(async (peer) => {
      await peer.through('\r\n\r\n');
      peer.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf');
      peer.reset();
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const session = await connectHttp2(proxy.port);
    const answer = await ask(session, { ':path': '/' });
    expect(answer.code, 'INTERNAL_ERROR').to.equal(2);
  });

  it('that gives a request up ends it at its backend, and no other one', async () => {
    const seen: string[] = [];
    const backend = await startBackend((request, response) => {
      request.on('close', () => seen.push(`closed ${request.url}`));
      if (request.url === '/quick') response.end('quick');
      else response.write('slow');
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const session = await connectHttp2(proxy.port);
    const slow = session.request({ ':path': '/slow' });
    await once(slow, 'response');
    slow.close(8);
    await once(slow, 'close');
    expect((await ask(session, { ':path': '/quick' })).body).to.equal('quick');
    expect(seen).to.include('closed /slow');
  });

  it('that does not read one response still gets another', async () => {
    const backend = await startBackend((request, response) => {
      response.end(request.url === '/big' ? Buffer.alloc(50_000_000) : 'small');
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const session = await connectHttp2(proxy.port);
    const big = session.request({ ':path': '/big' });
    big.on('error', () => {});
    await once(big, 'response');
    big.pause();
    for (let i = 0; i < 5; i++) expect((await ask(session, { ':path': '/' })).body).to.equal('small');
    big.close();
  });

  it('is told to go elsewhere when the worker drains, and its request is answered', async () => {
    let answer = (): void => {};
    let reached = (): void => {};
    const atBackend = new Promise<void>((resolve) => {
      reached = resolve;
    });
    const backend = await startBackend((_request, response) => {
      answer = () => response.end('late');
      reached();
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const session = await connectHttp2(proxy.port);
    const asked = ask(session, { ':path': '/' });
    await atBackend;
    const told = once(session, 'goaway');
    proxy.worker.receive({ type: 'drain', withinMs: 30_000 }, undefined);
    await told;
    answer();
    expect((await asked).body).to.equal('late');
    if (!session.closed) await once(session, 'close');
  });
});
