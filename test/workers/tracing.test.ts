/** test/workers/tracing.test.ts: which `traceparent` a backend gets, and the trace id in the access log. */
import { expect } from 'chai';
import { startBackend } from '../support/backend.js';
import { onStop, stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { makeLogFolder } from '../support/log-folder.js';
import { rawRequest } from '../support/peer.js';
import { type ProxyOptions, startProxy, type TestProxy } from '../support/proxy.js';

const OWN = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const NEW = /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/;

/** The trace fields that a backend saw, in one text. */
type Seen = readonly string[];

describe('Tracing', () => {
  afterEach(stopEverything);

  async function start(options: Partial<ProxyOptions> = {}): Promise<TestProxy> {
    const backend = await startBackend(({ rawHeaders }, response) => {
      const lines = rawHeaders.map((text, index) => (index % 2 === 0 ? `${text}: ${rawHeaders[index + 1]}` : ''));
      response.end(JSON.stringify(lines.filter((line) => /^trace/i.test(line))));
    });
    return startProxy({ backends: [backend.address], ...options });
  }

  async function seen(proxy: TestProxy, ...fields: readonly string[]): Promise<Seen> {
    const lines = ['GET / HTTP/1.1', 'Host: x', 'Connection: close', ...fields, '', ''];
    const { body } = await rawRequest(proxy.port, lines.join('\r\n'));
    return JSON.parse(body);
  }

  it('leaves what a client sends alone while it is off', async () => {
    const proxy = await start();
    expect(await seen(proxy)).to.deep.equal([]);
    expect(await seen(proxy, 'TraceParent: nonsense', 'tracestate: a=1')).to.deep.equal([
      'TraceParent: nonsense',
      'tracestate: a=1',
    ]);
  });

  it('keeps a valid trace byte for byte, and begins one in place of any other', async () => {
    const proxy = await start({ tracing: {} });
    expect(await seen(proxy, `TRACEPARENT: ${OWN}`, 'tracestate: a=1')).to.deep.equal([
      `TRACEPARENT: ${OWN}`,
      'tracestate: a=1',
    ]);
    const others: readonly Seen[] = [
      [],
      ['tracestate: a=1'],
      ['traceparent: nonsense', 'tracestate: a=1'],
      [`traceparent: ${OWN}`, `traceparent: ${OWN}`],
      [`traceparent: ${OWN}`, 'Connection: traceparent'],
    ];
    const begun = new Set<string>();
    for (const fields of others) {
      const [line = '', ...more] = await seen(proxy, ...fields);
      expect(more, fields.join()).to.deep.equal([]);
      expect(line).to.match(/^traceparent: /);
      expect(line.slice(13)).to.match(NEW);
      begun.add(line);
    }
    expect(begun.size).to.equal(others.length);
  });

  it('has as many recorded as it was told to', async () => {
    for (const [sample, flags] of [
      [1, '01'],
      [0, '00'],
    ] as const) {
      const proxy = await start({ tracing: { sample } });
      expect((await seen(proxy))[0]?.slice(-2)).to.equal(flags);
    }
  });

  it('is named in the access log', async () => {
    const folder = makeLogFolder();
    onStop(() => folder.remove());
    const proxy = await start({ tracing: {}, accessLog: folder.path('log') });
    await seen(proxy, `traceparent: ${OWN}`);
    const [line = ''] = await seen(proxy);
    await eventually('both lines are written', () => {
      proxy.worker.tick();
      return folder.lines('log').length === 2;
    });
    const ids = [OWN, line.slice(13)].map((value) => value.split('-')[1]);
    const logged = folder.lines('log').map((text): unknown => JSON.parse(text).traceId);
    expect(logged).to.deep.equal(ids);
  });
});
