import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { ThreadProber } from '../../src/control/thread-prober.js';
import { httpProbeOf, type ProbeResult } from '../../src/core/probe.js';
import { backendOf, closeEverything, onClose, refusingAddress, startTcp } from './support.js';

const PROBE = fileURLToPath(new URL('../../workers/tasks/probe.js', import.meta.url));

const DYING_PROBE = fileURLToPath(new URL('./fixtures/dying-probe.js', import.meta.url));

const KIND = { type: 'http', path: '/', method: 'GET', headers: {}, status: ['200-399'] } as const;

describe('The probe thread', () => {
  afterEach(closeEverything);

  function startThread(file = PROBE): {
    thread: ThreadProber;
    ask: (address: string, type: 'tcp' | 'http') => Promise<ProbeResult>;
  } {
    const thread = new ThreadProber(file);
    onClose(() => thread.close());
    const ask = (address: string, type: 'tcp' | 'http'): Promise<ProbeResult> => {
      const port = Number(address.slice(address.lastIndexOf(':') + 1));
      const http = httpProbeOf(backendOf(address), { ...KIND, type });
      return thread.probe({ host: '127.0.0.1', port, http, timeoutMs: 3_000 });
    };
    return { thread, ask };
  }

  it('runs hundreds of probes at a time, so that silent backends never hold up a live one', async () => {
    const { thread, ask } = startThread();
    const silent = await startTcp();
    const live = await startTcp();
    let silentAnswers = 0;
    const waiting = Promise.allSettled(
      Array.from({ length: 150 }, () => ask(silent, 'http').then(() => (silentAnswers += 1))),
    );
    expect(await ask(live, 'tcp')).to.include({ ok: true, reason: 'connected' });
    expect(await ask(await refusingAddress(), 'tcp')).to.include({ ok: false, reason: 'connection refused' });
    expect(silentAnswers).to.equal(0);
    await thread.close();
    const ends = await waiting;
    expect(
      ends.every(({ status }) => status === 'rejected'),
      'closing ends what is under way',
    ).to.equal(true);
  });

  it('answers every probe of a large batch with its own result', async () => {
    const { ask } = startThread();
    const [live, dead] = [await startTcp(), await refusingAddress()];
    const results = await Promise.all(Array.from({ length: 400 }, (_, index) => ask(index % 2 ? dead : live, 'tcp')));
    expect(results.map(({ ok }) => ok)).to.deep.equal(results.map((_, index) => index % 2 === 0));
  });

  it('says nothing about a backend when its thread dies, and probes on with another one', async () => {
    const { ask } = startThread(DYING_PROBE);
    const live = await startTcp();
    expect(await ask(live, 'tcp')).to.include({ ok: true });
    const problem = await ask('127.0.0.1:1', 'tcp').catch((error: unknown) => error);
    expect(problem).to.have.property('message', 'the thread that probes has ended');
    let answer: ProbeResult | undefined;
    while (answer === undefined) answer = await ask(live, 'tcp').catch(() => undefined);
    expect(answer).to.include({ ok: true });
  });
});
