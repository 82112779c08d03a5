import { expect } from 'chai';
import type { ProbeResult, ProbeTask } from '../../src/core/probe.js';
import probe from '../../workers/tasks/probe.js';
import { closeEverything, refusingAddress, startHttp, startTcp } from './support.js';

function taskFor(address: string, fields: Partial<ProbeTask> = {}): ProbeTask {
  const port = Number(address.slice(address.lastIndexOf(':') + 1));
  return { host: '127.0.0.1', port, path: undefined, hostHeader: address, timeoutMs: 5_000, ...fields };
}

function verdict({ ok, reason }: ProbeResult): readonly [boolean, string] {
  return [ok, reason];
}

describe('A TCP probe', () => {
  afterEach(closeEverything);

  it('succeeds when the connection opens, and closes it', async () => {
    let closed: Promise<unknown> | undefined;
    const address = await startTcp((socket) => {
      closed = new Promise((resolve) => socket.once('close', resolve));
      socket.resume();
    });
    const result = await probe(taskFor(address));
    expect(verdict(result)).to.deep.equal([true, 'connected']);
    expect(result.ms).to.be.at.least(0);
    await closed;
  });

  it('fails when the connection is refused', async () => {
    const result = await probe(taskFor(await refusingAddress()));
    expect(verdict(result)).to.deep.equal([false, 'connection refused']);
  });
});

describe('An HTTP probe', () => {
  afterEach(closeEverything);

  const statuses = [
    [200, true],
    [204, true],
    [302, true],
    [399, true],
    [404, false],
    [503, false],
  ] as const;
  for (const [status, ok] of statuses) {
    it(`takes ${status} as ${ok ? 'up' : 'down'}`, async () => {
      const address = await startHttp((_request, response) => response.writeHead(status).end());
      expect(verdict(await probe(taskFor(address, { path: '/' })))).to.deep.equal([ok, `HTTP ${status}`]);
    });
  }

  it('asks for the path with the backend as Host, on a connection that is not kept', async () => {
    const asked: unknown[] = [];
    const address = await startHttp(({ method, url, headers }, response) => {
      asked.push([method, url, headers.host, headers.connection]);
      response.end();
    });
    await probe(taskFor(address, { path: '/health?deep=1' }));
    expect(asked).to.deep.equal([['GET', '/health?deep=1', address, 'close']]);
  });

  it('answers with the head and does not wait for an endless body', async () => {
    const address = await startHttp((_request, response) => {
      response.writeHead(200);
      response.write('and so on');
    });
    expect(verdict(await probe(taskFor(address, { path: '/' })))).to.deep.equal([true, 'HTTP 200']);
  });

  it('looks past an interim response', async () => {
    const address = await startTcp((socket) => {
      socket.write('HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n');
    });
    expect(verdict(await probe(taskFor(address, { path: '/' })))).to.deep.equal([false, 'HTTP 503']);
  });

  it('fails when no answer comes in time', async () => {
    const address = await startTcp();
    const result = await probe(taskFor(address, { path: '/', timeoutMs: 50 }));
    expect(verdict(result)).to.deep.equal([false, 'timed out after 50 ms']);
  });

  it('fails when the head trickles in for longer than the whole probe may take', async () => {
    const address = await startTcp((socket) => {
      const drip = setInterval(() => socket.write('x'), 5);
      socket.write('HTTP/1.1 200 OK\r\nx-slow: ');
      socket.once('close', () => clearInterval(drip));
    });
    const result = await probe(taskFor(address, { path: '/', timeoutMs: 1_000 }));
    expect(verdict(result)).to.deep.equal([false, 'timed out after 1 s']);
  });

  it('fails when the connection closes without an answer', async () => {
    const address = await startTcp((socket) => socket.end());
    const result = await probe(taskFor(address, { path: '/' }));
    expect(verdict(result)).to.deep.equal([false, 'connection closed before a response']);
  });

  it('fails when what comes is no HTTP', async () => {
    const address = await startTcp((socket) => socket.write('220 mail ready\r\n\r\n'));
    const [ok, reason] = verdict(await probe(taskFor(address, { path: '/' })));
    expect([ok, reason.slice(0, 21)]).to.deep.equal([false, 'invalid HTTP response']);
  });
});
