import { expect } from 'chai';
import { figureOf, type Sample, type Track, type Way } from '../../bench/track.js';

function track(name: string, cpu: readonly (number | undefined)[]): Track {
  const samples = cpu.map((value): Sample | undefined => (value === undefined ? undefined : { cpu: value }));
  return { name, label: '', twinOf: undefined, samples, failure: undefined };
}

function figure(way: Way, one: Track, all: readonly Track[] = [one]): number | undefined {
  return figureOf(one, { title: '', metric: 'cpu', way, digits: 0 }, all);
}

describe('What was measured of a subject', () => {
  it('is compared with the cheaper native of each round', () => {
    const ours = track('ours', [12, 24, 90]);
    const nginx = track('nginx', [10, 40, 100]);
    const all = [ours, nginx, track('haproxy', [20, 20, 50]), track('cheap', [1, 1, 1])];
    expect(figure('to-native', ours, all)).to.equal(1.2);
    expect(figure('to-native', nginx, all)).to.equal(2);
  });

  it('does without the rounds that were missed', () => {
    const ours = track('ours', [10, undefined, 30]);
    expect([figure('median', ours), figure('least', ours), figure('largest', ours), figure('sum', ours)]).to.deep.equal(
      [20, 10, 30, 40],
    );
  });

  it('has no figure where the system tells none, and no ratio without a native', () => {
    expect(figure('median', { ...track('ours', []), samples: [{ cpu: undefined }] })).to.equal(undefined);
    expect(figure('to-native', track('ours', [1]))).to.equal(undefined);
  });
});
