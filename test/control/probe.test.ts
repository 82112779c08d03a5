import { expect } from 'chai';
import type { LenientRule } from '../../src/core/lenient-rules.js';
import { httpProbeOf, type ProbeKind, type ProbeResult } from '../../src/core/probe.js';
import { BackendTls } from '../../workers/backend-tls.js';
import { ProbeAttempt } from '../../workers/tasks/attempt.js';
import { backendOf, closeEverything, refusingAddress, startHttp, startTcp } from './support.js';

const GET: ProbeKind = { type: 'http', path: '/', method: 'GET', headers: {}, status: ['200-399'] };

function probe(
  address: string,
  kind: ProbeKind,
  timeoutMs = 5_000,
  lenient?: readonly LenientRule[],
): Promise<ProbeResult> {
  const port = Number(address.slice(address.lastIndexOf(':') + 1));
  const task = {
    host: '127.0.0.1',
    port,
    http: httpProbeOf(backendOf(address), kind),
    timeoutMs,
    ...(lenient && { lenient }),
  };
  return new Promise((resolve, reject) => {
    const events = { answered: resolve, untried: (reason: string) => reject(new Error(reason)) };
    new ProbeAttempt(task, events, new BackendTls());
  });
}

const connectTo = (address: string): Promise<ProbeResult> => probe(address, { ...GET, type: 'tcp' });
const ask = (address: string, kind: Partial<ProbeKind> = {}, timeoutMs?: number): Promise<ProbeResult> =>
  probe(address, { ...GET, ...kind }, timeoutMs);

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
    const result = await connectTo(address);
    expect(verdict(result)).to.deep.equal([true, 'connected']);
    expect(result.ms).to.be.at.least(0);
    await closed;
  });

  it('fails when the connection is refused', async () => {
    const result = await connectTo(await refusingAddress());
    expect(verdict(result)).to.deep.equal([false, 'connection refused']);
  });
});

describe('An HTTP probe', () => {
  afterEach(closeEverything);

  it('passes a response that breaks a rule only where the configuration lets responses break it', async () => {
    const address = await startTcp((socket) => {
      socket.on('error', () => {});
      socket.resume().write('HTTP/1.1 200 OK\nContent-Length : 5\n\nhe');
      socket.end('llo');
    });
    const kind = { ...GET, body: 'hello' };
    const refused = [false, 'invalid HTTP response (bare-lf)'];
    expect(verdict(await probe(address, kind))).to.deep.equal(refused);
    expect(verdict(await probe(address, kind, 5_000, ['response-space-before-colon']))).to.deep.equal(refused);
    const both = ['response-bare-lf', 'response-space-before-colon'] as const;
    expect(verdict(await probe(address, kind, 5_000, both))).to.deep.equal([true, 'HTTP 200']);
  });

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
      expect(verdict(await ask(address))).to.deep.equal([ok, `HTTP ${status}`]);
    });
  }

  it('asks for the path with the backend as Host, on a connection that is not kept', async () => {
    const asked: unknown[] = [];
    const address = await startHttp(({ method, url, headers }, response) => {
      asked.push([method, url, headers.host, headers.connection]);
      response.end();
    });
    await ask(address, { path: '/health?deep=1' });
    expect(asked).to.deep.equal([['GET', '/health?deep=1', address, 'close']]);
  });

  it('asks as it is configured: method, Host and further fields', async () => {
    const asked: unknown[] = [];
    const address = await startHttp(({ method, headers }, response) => {
      asked.push([method, headers.host, headers['user-agent'], headers['x-probe'], headers['content-length']]);
      response.end();
    });
    await ask(address, { method: 'POST', host: 'api.example.com', headers: { 'User-Agent': 'me', 'X-Probe': 'a b' } });
    await ask(address, { method: 'HEAD' });
    expect(asked).to.deep.equal([
      ['POST', 'api.example.com', 'me', 'a b', '0'],
      ['HEAD', address, 'roundhouse-health-check', undefined, undefined],
    ]);
  });

  it('takes the statuses that are configured as up, and no other', async () => {
    const address = await startHttp(({ url }, response) => response.writeHead(Number(url?.slice(1))).end());
    const kind = { status: ['204', '401-403'] };
    const answers = await Promise.all(
      [200, 204, 400, 401, 403, 404].map((path) => ask(address, { ...kind, path: `/${path}` })),
    );
    expect(answers.map(({ ok }) => ok)).to.deep.equal([false, true, false, true, true, false]);
  });

  it('answers with the head and does not wait for an endless body', async () => {
    const address = await startHttp((_request, response) => {
      response.writeHead(200);
      response.write('and so on');
    });
    expect(verdict(await ask(address))).to.deep.equal([true, 'HTTP 200']);
  });

  it('looks past an interim response', async () => {
    const address = await startTcp((socket) => {
      socket.write('HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n');
    });
    expect(verdict(await ask(address))).to.deep.equal([false, 'HTTP 503']);
  });

  it('fails when interim responses do not end', async () => {
    const address = await startTcp((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(1_000)));
    });
    expect(verdict(await ask(address))).to.deep.equal([false, 'more than 32 interim responses']);
  });

  it('fails when no answer comes in time', async () => {
    const address = await startTcp();
    const result = await ask(address, {}, 50);
    expect(verdict(result)).to.deep.equal([false, 'timed out after 50 ms']);
  });

  it('fails when the head trickles in for longer than the whole probe may take', async () => {
    const address = await startTcp((socket) => {
      const drip = setInterval(() => socket.write('x'), 50);
      socket.write('HTTP/1.1 200 OK\r\nx-slow: ');
      socket.once('close', () => clearInterval(drip));
    });
    const result = await ask(address, {}, 1_000);
    expect(verdict(result)).to.deep.equal([false, 'timed out after 1 s']);
  });

  it('fails when the connection closes without an answer', async () => {
    const address = await startTcp((socket) => socket.end());
    const result = await ask(address);
    expect(verdict(result)).to.deep.equal([false, 'connection closed before a response']);
  });

  it('fails when what comes is no HTTP', async () => {
    const address = await startTcp((socket) => socket.write('220 mail ready\r\n\r\n'));
    const [ok, reason] = verdict(await ask(address));
    expect([ok, reason.slice(0, 21)]).to.deep.equal([false, 'invalid HTTP response']);
  });

  it('fails when what comes is a response that no client would get', async () => {
    const address = await startTcp((socket) =>
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'),
    );
    expect(verdict(await ask(address))).to.deep.equal([false, 'invalid HTTP response (length-and-encoding)']);
  });
});

describe('An HTTP probe that looks for a text in the body', () => {
  afterEach(closeEverything);

  const wants = { body: '"status":"läuft"' };
  const HEAD = 'HTTP/1.1 200 OK\r\n';
  const length = (text: string): string => `${HEAD}content-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
  const chunked = (...chunks: readonly string[]): string =>
    `${HEAD}transfer-encoding: chunked\r\n\r\n${[...chunks, ''].map(chunk).join('')}`;
  const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

  for (const [what, response, ok, reason] of [
    ['is in it', length('{"status":"läuft"}'), true, 'HTTP 200'],
    ['begins in one chunk and ends in another', chunked('{"stat', 'us":"lä', 'uft"}'), true, 'HTTP 200'],
    ['comes before the connection closes', `${HEAD}\r\n{"status":"läuft"}`, true, 'HTTP 200'],
    ['is not in it', length('{"status":"krank"}'), false, `HTTP 200 without "\\"status\\":\\"läuft\\"" in its body`],
    ['is in the chunk sizes only', chunked('x'), false, `HTTP 200 without "\\"status\\":\\"läuft\\"" in its body`],
    [
      'would be behind the end',
      `${length('ok')}"status":"läuft"`,
      false,
      `HTTP 200 without "\\"status\\":\\"läuft\\"" in its body`,
    ],
  ] as const) {
    it(`is told ${ok ? 'up' : 'down'} when it ${what}`, async () => {
      const address = await startTcp((socket) => socket.once('data', () => socket.end(response)));
      expect(verdict(await ask(address, wants))).to.deep.equal([ok, reason]);
    });
  }

  it('finds it however the bytes are split', async () => {
    const bytes = Buffer.from(chunked('{"status":', '"läuft"}'));
    const address = await startTcp(async (socket) => {
      for (const byte of bytes) {
        socket.write(Uint8Array.of(byte));
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
    expect(verdict(await ask(address, wants))).to.deep.equal([true, 'HTTP 200']);
  });

  it('gives up after 64 KiB of a body that never ends', async () => {
    const address = await startTcp((socket) => {
      socket.write(`${HEAD}\r\n`);
      const pour = (): unknown => socket.write('x'.repeat(16_384), () => socket.destroyed || setImmediate(pour));
      pour();
    });
    const [ok, reason] = verdict(await ask(address, { body: 'needle' }));
    expect([ok, reason]).to.deep.equal([false, 'HTTP 200 without "needle" in the first 64 KiB of its body']);
  });

  it('does not wait for the text when the status is wrong already', async () => {
    const address = await startTcp((socket) => socket.write('HTTP/1.1 500 No\r\ncontent-length: 100\r\n\r\n'));
    expect(verdict(await ask(address, wants))).to.deep.equal([false, 'HTTP 500']);
  });

  it('is cut off when the body that it searches is all framing', async () => {
    const address = await startTcp((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => {
        socket.write(
          `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${'1;a=0123456789\r\nx\r\n'.repeat(60_000)}`,
        );
      });
    });
    expect(verdict(await ask(address, { body: 'ready' }, 30_000))).to.deep.equal([
      false,
      'its response takes too much to read',
    ]);
  });
});
