import { expect } from 'chai';
import { Latency } from '../../src/balancing/latency.js';

describe('An estimate of latency', () => {
  it('is none before the first answer, and then that answer', () => {
    const latency = new Latency();
    expect(latency.measured).to.equal(false);
    latency.answered(12, 1_000);
    expect(latency.measured).to.equal(true);
    expect(latency.expected).to.equal(12);
  });

  it('jumps to a peak at once', () => {
    const latency = answering(5, 100);
    latency.answered(400, 100);
    expect(latency.expected).to.equal(400);
  });

  it('comes down slowly: a third of the way in four seconds, all of it in a minute', () => {
    const latency = new Latency();
    latency.answered(400, 0);
    let at = 0;
    for (; at < 4_000; at += 100) latency.answered(10, at);
    expect(latency.expected).to.be.closeTo(10 + 390 * Math.exp(-0.4), 5);
    for (; at < 60_000; at += 100) latency.answered(10, at);
    expect(latency.expected).to.be.closeTo(10, 2);
  });

  it('weighs an answer by the time since the last one, not by the number of answers', () => {
    const averagedOver = (everyMs: number): number => {
      const latency = new Latency();
      latency.answered(100, 0);
      for (let at = everyMs; at <= 5_000; at += everyMs) latency.answered(1, at);
      return latency.expected;
    };
    expect(averagedOver(10)).to.be.closeTo(averagedOver(1_000), 0.5);
  });

  it('fades to nothing when no news comes', () => {
    const latency = answering(50, 0);
    expect(latency.faded(10_000)).to.be.closeTo(50 * Math.exp(-1), 0.1);
    expect(latency.faded(120_000)).to.be.below(0.001);
    expect(latency.expected).to.equal(50);
  });

  it('takes no failure for a quick answer', () => {
    const latency = answering(20, 0);
    for (let i = 1; i <= 5; i++) {
      const before = latency.expected;
      latency.failed(0.1, 0);
      expect(latency.expected).to.be.above(before);
    }
    expect(latency.expected).to.be.above(60);
  });

  it('counts a failure that took long as slow', () => {
    const latency = answering(20, 0);
    latency.failed(3_000, 0);
    expect(latency.expected).to.be.at.least(3_000);
  });

  it('believes that one takes longer than a client was ready to wait, and nothing less', () => {
    const latency = answering(20, 0);
    latency.outwaited(10, 0);
    expect(latency.expected).to.equal(20);
    latency.outwaited(500, 0);
    expect(latency.expected).to.equal(500);
    const neglected = answering(500, 0);
    neglected.outwaited(100, 60_000);
    expect(neglected.faded(60_000)).to.equal(100);
  });

  it('does not let one failure among many answers matter for long', () => {
    const latency = answering(20, 0);
    latency.failed(0.1, 0);
    expect(latency.expected).to.be.below(30);
    for (let i = 0; i < 10; i++) latency.answered(20, 0);
    expect(latency.expected).to.be.below(21);
  });

  it('never makes one that only fails more than a hundred times as slow, so that it gets another chance', () => {
    const latency = answering(20, 0);
    for (let i = 0; i < 1_000; i++) latency.failed(0.1, 0);
    expect(latency.expected).to.be.closeTo(2_000, 1);
  });

  it('has one that failed before it ever answered start at 30 ms', () => {
    const latency = new Latency();
    latency.failed(0.1, 0);
    expect(latency.expected).to.be.above(30);
    expect(latency.measured).to.equal(true);
  });
});

function answering(ms: number, nowMs: number): Latency {
  const latency = new Latency();
  latency.answered(ms, nowMs);
  return latency;
}
