import { expect } from 'chai';
import { evenClients, withOffice } from '../../../bench/simulator/clients.js';
import { coldFrom, exponential, mixed, slowed, stoppedBetween } from '../../../bench/simulator/latency.js';
import type { Figures } from '../../../bench/simulator/recorder.js';
import { backendsOf, base, oneOdd, plainWork, steady } from '../../../bench/simulator/scenarios/scenario.js';
import type { Setup } from '../../../bench/simulator/setup.js';
import { simulate } from '../../../bench/simulator/simulation.js';

const WORK_MS = 10;

/** One queue before `servers`, at `load` of their capacity. */
function queue(servers: number, load: number): Setup {
  return {
    ...base,
    policy: 'random',
    backends: [{ latency: exponential(WORK_MS), servers, queue: Number.POSITIVE_INFINITY }],
    arrivals: [{ fromMs: 0, perSecond: (load * servers * 1_000) / WORK_MS }],
    countFromMs: 10_000,
    lengthMs: 4_000_000 / servers,
  };
}

/** The mean time in an M/M/c system. Source: Erlang's C formula. */
function erlangMeanMs(servers: number, load: number): number {
  const offered = servers * load;
  let term = 1;
  let below = 0;
  for (let n = 0; n < servers; n++) {
    below += term;
    term *= offered / (n + 1);
  }
  const waiting = term / (1 - load) / (below + term / (1 - load));
  return WORK_MS + (waiting * WORK_MS) / (servers * (1 - load));
}

describe('A simulation', () => {
  for (const [servers, load] of [
    [1, 0.5],
    [1, 0.7],
    [4, 0.8],
    [16, 0.9],
  ] as const) {
    it(`agrees with Erlang on the mean time before ${servers} servers at ${load * 100} % load`, () => {
      const expected = erlangMeanMs(servers, load);
      expect(simulate(queue(servers, load), 1).meanMs).to.be.within(expected * 0.97, expected * 1.03);
    });
  }

  it('agrees with the paper on two choices among many single servers at 90 % load', () => {
    // Mitzenmacher 2001, the limit for infinitely many servers: the sum of 0.9 to the power of 2^i - 2.
    const expected = WORK_MS * [0, 2, 6, 14, 30, 62].reduce((sum, power) => sum + 0.9 ** power, 0);
    const backends = backendsOf(() => ({ latency: exponential(WORK_MS), servers: 1 }), 100);
    const arrivals = [{ fromMs: 0, perSecond: 0.9 * 100 * (1_000 / WORK_MS) }];
    const { meanMs } = simulate({ ...base, workers: 1, backends, arrivals }, 1);
    expect(meanMs).to.be.within(expected * 0.98, expected * 1.04);
  });

  it('repeats every figure with the same seed, and none of them with another', () => {
    const short = { ...base, backends: oneOdd({ queue: 5 }), lengthMs: 5_000 };
    expect(simulate(short, 7)).to.deep.equal(simulate(short, 7));
    expect(simulate(short, 7).meanMs).to.not.equal(simulate(short, 8).meanMs);
  });

  it('gives every policy the same arrivals', () => {
    const requests = (policy: Setup['policy'], workers: number): number =>
      simulate({ ...base, policy, workers, lengthMs: 5_000 }, 1).requests;
    expect(new Set([requests('two-choices', 1), requests('round-robin', 4), requests('random', 32)]).size).to.equal(1);
  });

  it('counts a request without a good answer in time as failed', () => {
    const backends = backendsOf(() => ({ queue: 20 }));
    const patient = { ...base, backends, arrivals: steady(2), lengthMs: 12_000 };
    const all = simulate(patient, 1);
    // What does not fit is turned away, and nothing that can be done is left undone.
    expect(all.failed).to.be.within(0.49, 0.51);
    expect(all.goodput).to.be.within(3_900, 4_100);
    const some = simulate({ ...patient, patienceMs: 30 }, 1);
    expect(some.p999Ms).to.be.at.most(30);
    expect(some.failed).to.be.above(0.7);
  });
});

describe('Among the known traps, the simulator shows that', () => {
  const short: Setup = { ...base, lengthMs: 12_000 };
  const run = (setup: Partial<Setup>): Figures => simulate({ ...short, ...setup }, 1);
  const NO_EJECTION = { outlier: { consecutiveFailures: 1_000, window: '1ms' } };
  const failsFast = oneOdd({ faults: [{ kind: 'reset', fromMs: 0, toMs: 1e9, share: 1, afterMs: 1 }] });

  it('a backend that fails fast draws more than its share under least connections', () => {
    const pool = { ...NO_EJECTION, retries: { count: 0 } };
    const trapped = run({ policy: 'least-connections', backends: failsFast, pool });
    expect(trapped.shares[0]).to.be.above(0.35);
    expect(trapped.failed).to.be.above(0.35);
  });

  it('ejection ends that within a few requests', () => {
    const saved = run({ policy: 'least-connections', backends: failsFast, pool: { retries: { count: 0 } } });
    expect(saved.failed).to.be.below(0.005);
    expect(saved.ejections).to.equal(1);
  });

  it('an office behind one address overloads its backend under source-ip, and not under maglev', () => {
    const office = { clients: withOffice(evenClients(100), 0.25), arrivals: steady(0.7) };
    const kept = run({ ...office, policy: 'source-ip' });
    expect(kept.affinity).to.equal(1);
    expect(kept.p99Ms).to.be.above(500);
    const spread = run({ ...office, policy: 'maglev' });
    expect(spread.affinity).to.be.within(0.6, 0.95);
    expect(spread.p99Ms).to.be.below(50);
  });

  it('a backend ten times slower costs many workers more than one, unless they measure', () => {
    const slow = { backends: oneOdd({ latency: slowed(plainWork, 10) }), arrivals: steady(0.6) };
    const p99Of = (policy: Setup['policy'], workers: number): number => run({ ...slow, policy, workers }).p99Ms;
    expect(p99Of('two-choices', 16)).to.be.above(1.5 * p99Of('two-choices', 1));
    expect(p99Of('peak-ewma', 16)).to.be.below(1.2 * p99Of('peak-ewma', 1));
  });

  it('a cold backend that returns is flooded by round-robin, and spared by slow start', () => {
    const returning = {
      policy: 'round-robin',
      backends: oneOdd({
        latency: coldFrom(plainWork, 3_000, 5, 10_000),
        faults: [{ kind: 'connect', fromMs: 0, toMs: 3_000, share: 1, afterMs: 1 }],
      }),
      arrivals: steady(0.7),
      countFromMs: 3_000,
      lengthMs: 15_000,
    } as const;
    expect(run(returning).p99Ms).to.be.above(500);
    expect(run({ ...returning, pool: { slowStart: '15s' } }).p99Ms).to.be.below(200);
  });

  it('a latency policy leaves one of five alone that stood still once, and uses it again within the minute', () => {
    const paused = oneOdd({ latency: stoppedBetween(plainWork, 2_000, 4_000) });
    const setup = { policy: 'peak-ewma', backends: paused, arrivals: steady(0.4) } as const;
    expect(run({ ...setup, countFromMs: 5_000, lengthMs: 10_000 }).shares[0]).to.be.below(0.05);
    expect(run({ ...setup, countFromMs: 50_000, lengthMs: 60_000 }).shares[0]).to.be.within(0.17, 0.23);
  });

  it('while all backends fail none is ejected, so that all are there when the cause is gone', () => {
    const faults = [{ kind: 'reset', fromMs: 2_000, toMs: 12_000, share: 1 }] as const;
    const backends = backendsOf(() => ({ faults, queue: 1e6 }));
    const after = run({ backends, countFromMs: 12_000, lengthMs: 17_000 });
    expect(after.failed).to.be.below(0.01);
    expect(Math.min(...after.shares)).to.be.above(0.18);
  });

  it('retries without a budget keep a pool down that has recovered, and with the budget do not', () => {
    const faults = [{ kind: 'reset', fromMs: 2_000, toMs: 12_000, share: 1 }] as const;
    const backends = backendsOf(() => ({ faults, queue: 1e6 }));
    const outage = { backends, countFromMs: 12_000, lengthMs: 15_000 };
    const storm = run({ ...outage, pool: { ...NO_EJECTION, retries: { budget: 1, minPerSecond: 10_000 } } });
    expect(storm.failed).to.be.above(0.9);
    expect(run({ ...outage, pool: NO_EJECTION }).failed).to.be.below(0.01);
  });

  it('a hung backend is probed at its interval, though each probe waits for its timeout', () => {
    const healthCheck = { path: '/', interval: '2s', changingInterval: '2s', timeout: '2s', fall: 3 };
    const hung = oneOdd({ latency: stoppedBetween(plainWork, 0, 1e9), queue: 1e6 });
    // Three failures two seconds apart, the first within the interval, and the last one's timeout.
    const setup = { policy: 'round-robin', backends: hung, countFromMs: 9_000, arrivals: steady(0.4) } as const;
    expect(run({ ...setup, pool: { ...NO_EJECTION, retries: { count: 0 }, healthCheck } }).shares[0]).to.equal(0);
  });

  it('a backend that hangs is found out by the requests that wait on it, without a health path', () => {
    const hung = oneOdd({ faults: [{ kind: 'hang', fromMs: 4_000, toMs: 30_000, share: 1 }] });
    const setup = { backends: hung, arrivals: steady(0.4), lengthMs: 25_000, patienceMs: 30_000 } as const;
    const found = run({ ...setup, countFromMs: 4_000 });
    // Requests of the first seconds wait until it is found down and are answered by others then.
    expect(found.failed).to.equal(0);
    expect(found.p999Ms).to.be.below(6_000);
    expect(run({ ...setup, countFromMs: 10_000 }).shares[0]).to.equal(0);
    const blind = run({ ...setup, countFromMs: 10_000, pool: { healthCheck: { silence: 'off' } } });
    expect(blind.shares[0]).to.be.above(0);
  });

  it('a backend that hung is in use again soon after it goes on', () => {
    const hung = oneOdd({ faults: [{ kind: 'hang', fromMs: 2_000, toMs: 12_000, share: 1 }] });
    const after = run({ backends: hung, arrivals: steady(0.4), countFromMs: 15_000, lengthMs: 25_000 });
    expect(after.shares[0]).to.be.within(0.15, 0.25);
  });

  it('backends of which some answers take 20 s are all left in', () => {
    const slow = mixed(plainWork, 0.01, () => 20_000);
    const setup = { backends: backendsOf(() => ({ latency: slow, servers: 1_000 })), patienceMs: 25_000 };
    const { failed, shares } = run({ ...setup, arrivals: [{ fromMs: 0, perSecond: 20 }], lengthMs: 40_000 });
    expect(failed).to.equal(0);
    expect(Math.min(...shares)).to.be.above(0.1);
  });

  it('counts that are a second old make all workers crowd the same backend', () => {
    const many = { policy: 'least-connections', workers: 8 } as const;
    expect(run({ ...many, mergeEveryMs: 1_000 }).p99Ms).to.be.above(3 * run(many).p99Ms);
  });

  it('more workers, each with a part of the view, serve a little worse and not much worse', () => {
    const one = run({ workers: 1, arrivals: steady(0.9) });
    const many = run({ workers: 32, arrivals: steady(0.9) });
    expect(many.meanMs).to.be.within(one.meanMs, one.meanMs * 1.4);
  });
});
