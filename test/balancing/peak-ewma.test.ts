import { expect } from 'chai';
import { Latency } from '../../src/balancing/latency.js';
import { peakEwma } from '../../src/balancing/peak-ewma.js';
import { TurnClock } from '../../src/balancing/turns.js';
import { type Random, seeded } from '../../src/core/random.js';
import { type Counted, candidate, NONE, tally } from './workbench.js';

/** What a backend does with a request at some time. */
type Behaviour = (nowMs: number) => { readonly ms: number; readonly good: boolean };

const in1ms: Behaviour = () => ({ ms: 1, good: true });

describe('Peak EWMA', () => {
  it('prefers the faster of two', () => {
    const picker = peakEwma<Counted>(seeded(1), () => 0);
    picker.update([measured('slow', 30), measured('fast', 10)]);
    for (let i = 0; i < 50; i++) expect(picker.pick(NONE, '')?.id).to.equal('fast');
  });

  it('weighs speed against load', () => {
    const picker = peakEwma<Counted>(seeded(1), () => 0);
    picker.update([measured('slow', 30), measured('fast', 10, 5)]);
    expect(picker.pick(NONE, '')?.id).to.equal('slow');
    picker.update([measured('slow', 30), measured('fast', 10, 1)]);
    expect(picker.pick(NONE, '')?.id).to.equal('fast');
  });

  it('measures load against weight', () => {
    const picker = peakEwma<Counted>(seeded(1), () => 0);
    picker.update([{ ...measured('big', 10, 5), weight: 10 }, measured('small', 10, 1)]);
    expect(picker.pick(NONE, '')?.id).to.equal('big');
  });

  it('shares evenly among equals, though their times are never quite the same', () => {
    const random = seeded(8);
    const jittery: Behaviour = () => ({ ms: 5 + 2 * random.next(), good: true });
    const shares = run([jittery, jittery, jittery, jittery, jittery], { seconds: 60, perSecond: 100 });
    for (const share of shares) expect(share).to.be.within(0.17, 0.23);
  });

  it('sends little to one that is ten times slower, and never stops asking', () => {
    const shares = run([in1ms, in1ms, () => ({ ms: 10, good: true })], { seconds: 120, perSecond: 100 });
    expect(shares[2]).to.be.within(0.0003, 0.02);
  });

  it('gives one that was slow its share back after it has become fast', () => {
    const once: Behaviour = (nowMs) => ({ ms: nowMs < 10_000 ? 300 : 1, good: true });
    const shares = run([in1ms, in1ms, once], { from: 80, seconds: 120, perSecond: 100 });
    expect(shares[2]).to.be.above(0.25);
  });

  it('gives a newcomer among fast ones its share at once', () => {
    const shares = run([in1ms, in1ms, in1ms], { seconds: 5, perSecond: 100, joinsAt: [0, 0, 4], from: 4 });
    expect(shares[2]).to.be.within(0.25, 0.42);
  });

  it('does not flood a newcomer among slow ones', () => {
    const slow: Behaviour = () => ({ ms: 300, good: true });
    const shares = run([slow, slow, slow], { seconds: 5, perSecond: 100, joinsAt: [0, 0, 4], from: 4 });
    expect(shares[2]).to.be.within(0.25, 0.55);
  });

  it('is not attracted by one that fails at once', () => {
    const failing: Behaviour = () => ({ ms: 0.1, good: false });
    const slower: Behaviour = () => ({ ms: 20, good: true });
    expect(run([slower, slower, failing], { seconds: 60, perSecond: 100 })[2]).to.be.below(0.02);
    expect(run([slower, slower, failing], { seconds: 60, perSecond: 1_000 })[2]).to.be.below(0.02);
  });

  it('does not favour one that hangs: what it was last known for does not fade while requests wait there', () => {
    const picker = peakEwma<Counted>(seeded(1), () => 60_000);
    picker.update([measured('hung', 10, 3), measured('alive', 10, 2)]);
    for (let i = 0; i < 50; i++) expect(picker.pick(NONE, '')?.id).to.equal('alive');
  });
});

function measured(name: string, ms: number, inflight = 0): Counted {
  const latency = new Latency();
  latency.answered(ms, 0);
  return { ...candidate(name, 1, inflight), latency };
}

interface Course {
  readonly perSecond: number;
  readonly seconds: number;
  /** Seconds from which on requests are counted. */
  readonly from?: number;
  /** When each backend joins, in seconds. */
  readonly joinsAt?: readonly number[];
}

/** Requests at random times against backends that behave like this. @returns each one's share */
function run(backends: readonly Behaviour[], { perSecond, seconds, from = 0, joinsAt = [] }: Course): number[] {
  const arrivals = seeded(5);
  let nowMs = 0;
  const picker = peakEwma<Counted>(seeded(1), () => nowMs);
  const clock = new TurnClock();
  const pool = backends.map((_, i) => candidate(String(i)));
  const open: { readonly at: Counted; readonly ms: number; readonly good: boolean; readonly endsMs: number }[] = [];
  const names: string[] = [];
  while (nowMs < seconds * 1_000) {
    nowMs += gap(arrivals, perSecond);
    for (const request of open.filter(({ endsMs }) => endsMs <= nowMs)) {
      open.splice(open.indexOf(request), 1);
      request.at.inflight--;
      if (request.good) request.at.latency.answered(request.ms, request.endsMs);
      else request.at.latency.failed(request.ms, request.endsMs);
    }
    picker.update(pool.filter((_, i) => nowMs >= (joinsAt[i] ?? 0) * 1_000));
    const at = picker.pick(NONE, '');
    const behaviour = at === undefined ? undefined : backends[pool.indexOf(at)];
    if (at === undefined || behaviour === undefined) continue;
    clock.take(at);
    at.inflight++;
    const { ms, good } = behaviour(nowMs);
    open.push({ at, ms, good, endsMs: nowMs + ms });
    if (nowMs >= from * 1_000) names.push(at.id);
  }
  return pool.map(({ id }) => (tally(names)[id] ?? 0) / names.length);
}

/** Milliseconds to the next arrival of a Poisson process. */
function gap(random: Random, perSecond: number): number {
  return (-Math.log(1 - random.next()) * 1_000) / perSecond;
}
