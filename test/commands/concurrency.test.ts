import { createServer, type RequestListener, type Server } from 'node:http';
import { expect } from 'chai';
import { endPrograms, start } from '../cli/run-cli.js';

describe('npm run concurrency', () => {
  const servers: Server[] = [];
  afterEach(async () => {
    await endPrograms();
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  async function serve(listener: RequestListener): Promise<string> {
    const server = createServer(listener);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no address');
    return `http://127.0.0.1:${address.port}`;
  }

  it('sends ten requests at once and prints who answered each and the share of each', async () => {
    const held: (() => void)[] = [];
    const url = await serve((_request, response) => {
      const name = held.length % 5 === 0 ? 'b1' : 'b2';
      held.push(() => response.setHeader('x-backend', name).end());
      // Answers nobody before all have asked: requests one after the other would wait for ever.
      if (held.length === 10) for (const answer of held) answer();
    });
    const { code, stdout } = await start('bench/concurrency.js', ['--url', url]).finished;
    expect(stdout)
      .to.match(/^ #1 {2}200 {2}b1 {2}[\d.]+ ms$/m)
      .and.match(/^#10 {2}200 {2}b2/m);
    expect(stdout).to.include('b1: 2 of 10 (20 %)').and.include('b2: 8 of 10 (80 %)');
    expect(stdout).to.match(/10 requests at once in \d+ ms, 0 failed/);
    expect(code).to.equal(0);
  });

  it('finds the name in the body too', async () => {
    const url = await serve((_request, response) => response.end('{"backend":"by-body"}'));
    const { stdout } = await start('bench/concurrency.js', ['2', '--url', url]).finished;
    expect(stdout).to.include('by-body: 2 of 2 (100 %)');
  });

  it('exits with 1 when requests fail, and says why', async () => {
    let asked = 0;
    const url = await serve((request, response) => {
      asked++;
      if (asked === 1) response.writeHead(503).end('no backend is up\n');
      else if (asked === 2) request.socket.destroy();
      else response.writeHead(200, { 'content-length': 9 }).write('part', () => request.socket.destroy());
    });
    const { code, stdout } = await start('bench/concurrency.js', ['-n', '3', '--url', url]).finished;
    expect(stdout)
      .to.match(/503 {2}no backend is up/)
      .and.match(/--- {2}socket hang up/)
      .and.include('3 failed');
    expect(stdout).to.match(/200 {2}the answer broke off/);
    expect(code).to.equal(1);
  });

  it('says what to do when nothing listens', async () => {
    const url = await serve(() => undefined);
    servers.splice(0).forEach((server) => void server.close());
    const { code, stderr } = await start('bench/concurrency.js', ['--url', url]).finished;
    expect(stderr).to.match(
      /^concurrency: nothing answers on http:\/\/127\.0\.0\.1:\d+ [^\n]*start a balancer first[^\n]*\n$/,
    );
    expect(code).to.equal(1);
  });

  it('refuses wrong usage in one line', async () => {
    const { code, stderr } = await start('bench/concurrency.js', ['--url', 'localhost:80']).finished;
    expect(stderr).to.match(/^concurrency: --url: "localhost:80" is not a URL[^\n]*\n$/);
    expect(code).to.equal(2);
  });
});
