import { expect } from 'chai';
import type { Slice } from '../../bench/rounds.js';
import { summarize } from '../../bench/summary.js';

function slice(cpuMicrosPerRequest: number | undefined, errors = 0): Slice {
  return { requestsPerSecond: 1_000, cpuMicrosPerRequest, rssBytes: 5, p50Ms: 1, p99Ms: 2, errors };
}

function measured(name: string, slices: (Slice | undefined)[]) {
  return { name, label: '1.0', slices, failure: undefined };
}

describe('The summary of a bench', () => {
  it('compares with each reference round by round', () => {
    const [ours] = summarize([
      measured('ours', [slice(12), slice(24), slice(90)]),
      measured('nginx', [slice(10), slice(20), slice(100)]),
      measured('http-proxy', [slice(48), slice(96), slice(360)]),
    ]);
    expect(ours?.cpuMicrosPerRequest).to.equal(24);
    expect(ours?.cpuRatio).to.deep.equal({ nginx: 1.2, 'http-proxy': 0.25 });
  });

  it('adds errors up, and does without the rounds that were missed', () => {
    const [ours] = summarize([measured('ours', [slice(10, 2), undefined, slice(20, 3)])]);
    expect(ours).to.include({ errors: 5, cpuMicrosPerRequest: 15 });
  });

  it('has no CPU figures where the system tells none', () => {
    const [ours] = summarize([measured('ours', [slice(undefined)]), measured('nginx', [slice(undefined)])]);
    expect(ours).to.include({ cpuMicrosPerRequest: undefined, requestsPerSecond: 1_000 });
    expect(ours?.cpuRatio.nginx).to.equal(undefined);
  });
});
