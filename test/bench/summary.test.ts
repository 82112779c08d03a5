import { expect } from 'chai';
import type { Slice } from '../../bench/rounds.js';
import { compare, summarize } from '../../bench/summary.js';

function slice(cpuMicrosPerRequest: number | undefined, errors = 0): Slice {
  return { requestsPerSecond: 1_000, cpuMicrosPerRequest, rssBytes: 5, p50Ms: 1, p99Ms: 2, errors };
}

function measured(name: string, slices: (Slice | undefined)[]) {
  return { name, label: '1.0', slices, failure: undefined };
}

describe('The summary of a bench', () => {
  it('compares with the cheaper native of each round', () => {
    const [ours, nginx] = summarize([
      measured('ours', [slice(12), slice(24), slice(90)]),
      measured('nginx', [slice(10), slice(40), slice(100)]),
      measured('haproxy', [slice(20), slice(20), slice(50)]),
    ]);
    expect(ours).to.include({ cpuMicrosPerRequest: 24, leastCpuMicrosPerRequest: 12 });
    expect(ours?.toNative?.median).to.equal(1.2);
    expect(nginx?.toNative?.median).to.equal(2);
  });

  it('adds errors up, and does without the rounds that were missed', () => {
    const [ours] = summarize([measured('ours', [slice(10, 2), undefined, slice(20, 3)])]);
    expect(ours).to.include({ errors: 5, cpuMicrosPerRequest: 15, toNative: undefined });
  });

  it('has no CPU figures where the system tells none', () => {
    const [ours] = summarize([measured('ours', [slice(undefined)]), measured('nginx', [slice(undefined)])]);
    expect(ours).to.include({ cpuMicrosPerRequest: undefined, requestsPerSecond: 1_000, toNative: undefined });
  });
});

describe('Two subjects of a bench', () => {
  it('are compared round by round', () => {
    const halved = compare(measured('new', [slice(5), slice(50), slice(9)]), measured('old', [slice(10), slice(100)]));
    expect(halved).to.deep.include({ name: 'new', to: 'old', cpu: { low: 0.5, median: 0.5, high: 0.5 } });
    expect(halved.requestsPerSecond?.median).to.equal(1);
  });
});
