import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { startProbeThreads } from '../../src/control/probe-threads.js';
import { closeEverything, onClose, refusingAddress, startTcp } from './support.js';

const PROBE = fileURLToPath(new URL('../../workers/tasks/probe.js', import.meta.url));

describe('The probe threads', () => {
  afterEach(closeEverything);

  it('run hundreds of probes at a time, so that silent backends never hold up a live one', async () => {
    const prober = startProbeThreads(PROBE);
    onClose(() => prober.close());
    const silent = await startTcp();
    const live = await startTcp();
    const ask = (address: string, path: string | undefined): ReturnType<typeof prober.probe> =>
      prober.probe({
        host: '127.0.0.1',
        port: Number(address.slice(address.lastIndexOf(':') + 1)),
        path,
        hostHeader: address,
        timeoutMs: 3_000,
      });
    let silentAnswers = 0;
    const waiting = Promise.allSettled(
      Array.from({ length: 150 }, () => ask(silent, '/').then(() => (silentAnswers += 1))),
    );
    expect(await ask(live, undefined)).to.include({ ok: true, reason: 'connected' });
    expect(await ask(await refusingAddress(), undefined)).to.include({ ok: false, reason: 'connection refused' });
    expect(silentAnswers).to.equal(0);
    await prober.close();
    const ends = await waiting;
    expect(
      ends.every(({ status }) => status === 'rejected'),
      'closing ends what is under way',
    ).to.equal(true);
  });
});
