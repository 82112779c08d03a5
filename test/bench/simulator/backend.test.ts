import { expect } from 'chai';
import { type BackendSpec, SimulatedBackend } from '../../../bench/simulator/backend.js';
import { constant } from '../../../bench/simulator/latency.js';
import { idOf } from '../../../bench/simulator/setup.js';
import { seeded } from '../../../src/core/random.js';
import { milliseconds } from '../../support/milliseconds.js';

function backend(differs: Partial<BackendSpec> = {}): SimulatedBackend {
  return new SimulatedBackend(idOf(0), { latency: constant(10), servers: 2, queue: 3, ...differs }, seeded(1));
}

describe('A simulated backend', () => {
  it('works on so many at a time, and serves those who wait in the order they came', () => {
    const server = backend();
    const ends = [0, 1, 2, 3, 4].map((nowMs) => server.serve(nowMs));
    expect(ends.map(({ atMs }) => atMs)).to.deep.equal([10, 11, 20, 21, 30]);
    expect(ends.map(({ waits }) => waits)).to.deep.equal([false, false, true, true, true]);
  });

  it('is idle as long as one server is', () => {
    const server = backend();
    server.serve(0);
    expect(server.isIdle(5)).to.equal(true);
    server.serve(5);
    expect(server.isIdle(9)).to.equal(false);
    expect(server.isIdle(10)).to.equal(true);
  });

  it('turns one away when too many wait, and takes the next when one of them is served', () => {
    const server = backend();
    for (let i = 0; i < 5; i++) server.serve(0);
    expect(server.serve(1)).to.deep.equal({ kind: 'error', atMs: 1.5, waits: false });
    expect(server.serve(10).kind).to.equal('ok');
  });

  it('fails as its fault says, for as long as it says', () => {
    const server = backend({ faults: [{ kind: 'reset', fromMs: 10, toMs: 20, share: 1, afterMs: 1 }] });
    expect([9, 10, 19, 20].map((nowMs) => server.serve(nowMs).kind)).to.deep.equal(['ok', 'reset', 'reset', 'ok']);
  });

  it('fails so many as the share says', () => {
    const server = backend({ queue: 1e6, faults: [{ kind: 'error', fromMs: 0, toMs: 1e9, share: 0.25, afterMs: 1 }] });
    const failed = Array.from({ length: 10_000 }, (_, i) => server.serve(i)).filter(({ kind }) => kind === 'error');
    expect(failed.length).to.be.within(2_350, 2_650);
  });

  it('does all the work for a failure that names no time', () => {
    const server = backend({ faults: [{ kind: 'reset', fromMs: 0, toMs: 1e9, share: 1 }] });
    expect([0, 0, 0].map((nowMs) => server.serve(nowMs).atMs)).to.deep.equal([10, 10, 20]);
  });

  it('answers a TCP probe unless nobody can connect, and an HTTP probe only in time', () => {
    const probe = { path: undefined, timeout: milliseconds(15) };
    const refusing = backend({ faults: [{ kind: 'connect', fromMs: 0, toMs: 1e9, share: 1, afterMs: 1 }] });
    expect(refusing.probe(0, probe).ok).to.equal(false);
    const busy = backend({ servers: 1 });
    expect(busy.probe(0, { ...probe, path: '/' })).to.deep.equal({ ok: true, atMs: 10 });
    expect(busy.probe(0, { ...probe, path: '/' })).to.deep.equal({ ok: false, atMs: 15 });
    expect(busy.probe(0, probe).ok).to.equal(true);
  });
});
