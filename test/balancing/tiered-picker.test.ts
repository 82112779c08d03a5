import { expect } from 'chai';
import { roundRobin } from '../../src/balancing/round-robin.js';
import { TieredPicker } from '../../src/balancing/tiered-picker.js';
import { type Counted, candidates, idOf, NONE } from './workbench.js';

describe('A policy over tiers', () => {
  const [a, b, c] = candidates(1, 1, 1) as [Counted, Counted, Counted];
  const tiered = (): TieredPicker<Counted> => new TieredPicker(() => roundRobin());

  function picks(picker: TieredPicker<Counted>, ...tried: readonly string[]): string {
    const set = tried.length === 0 ? NONE : new Set(tried.map(idOf));
    return Array.from({ length: 4 }, () => picker.pick(set, '')?.id ?? '-').join('');
  }

  it('has nobody before it is told of anybody', () => {
    expect(picks(tiered())).to.equal('----');
  });

  it('asks a tier only when those before it have nobody left', () => {
    const picker = tiered();
    picker.update([[a, b], [c]], []);
    expect(picks(picker)).to.equal('abab');
    expect(picks(picker, 'a')).to.equal('bbbb');
    expect(picks(picker, 'a', 'b')).to.equal('cccc');
    expect(picks(picker, 'a', 'b', 'c')).to.equal('----');
  });

  it('forgets tiers that are no more', () => {
    const picker = tiered();
    picker.update([[a], [b], [c]], []);
    picker.update([[b]], []);
    expect(picks(picker, 'b')).to.equal('----');
  });

  it('sends who has met a bad one to the refuge first', () => {
    const picker = tiered();
    picker.update([[a, b, c]], [c]);
    expect(picks(picker)).to.equal('abca');
    expect(picks(picker, 'a')).to.equal('cccc');
    expect(picks(picker, 'c')).to.equal('baba');
  });

  it('tells every picker that keeps count of a change of load', () => {
    let told = 0;
    const picker = new TieredPicker<Counted>(() => ({
      ...roundRobin<Counted>(),
      loadChanged: () => {
        told += 1;
      },
    }));
    picker.update([[a], [b]], [c]);
    picker.loadChanged(a, 1);
    expect(told).to.equal(3);
  });
});
