import { expect } from 'chai';
import { sourceIp } from '../../src/balancing/source-ip.js';
import { seeded } from '../../src/core/random.js';
import { anyAddress, type Counted, candidate, candidates, idOf, NONE, tally, uniform } from './workbench.js';

const ADDRESSES = addresses(5_000);

describe('Source IP', () => {
  it('moves only the clients of a backend that leaves, and brings exactly those back', () => {
    const pool = uniform(10);
    const before = choices(pool);
    const without = choices(pool.filter(({ id }) => id !== '3'));
    for (const [i, id] of before.entries()) {
      if (id === '3') expect(without[i]).to.not.equal('3');
      else expect(without[i]).to.equal(id);
    }
    expect(choices(pool)).to.deep.equal(before);
  });

  it('spreads the clients of one that leaves over all others', () => {
    const pool = uniform(10);
    const before = choices(pool);
    const moved = choices(pool.slice(1)).filter((_, i) => before[i] === '0');
    for (const share of Object.values(tally(moved))) expect(share / moved.length).to.be.within(0.05, 0.18);
  });

  it('takes clients only for the backend whose weight grows', () => {
    const pool = candidates(1, 1, 1, 1);
    const before = choices(pool);
    const after = choices([...pool.slice(0, 3), candidate('d', 3)]);
    for (const [i, id] of after.entries()) if (id !== before[i]) expect(id).to.equal('d');
    expect((tally(after)['d'] ?? 0) / after.length).to.be.closeTo(1 / 2, 0.03);
  });

  it('does not depend on the order of the list', () => {
    const pool = candidates(3, 1, 2);
    expect(choices([...pool].reverse())).to.deep.equal(choices(pool));
  });

  it('forgets whom it chose when a backend leaves, joins or changes its weight', () => {
    const picker = sourceIp<Counted>(seeded(1));
    const pool = uniform(3);
    picker.update(pool);
    const [client] = ADDRESSES.filter((address) => picker.pick(NONE, address)?.id === '0');
    picker.update(pool.slice(1));
    expect(picker.pick(NONE, client ?? '')?.id).to.not.equal('0');
    picker.update(pool);
    expect(picker.pick(NONE, client ?? '')?.id).to.equal('0');
  });

  it('sends the retries of one client to the same second choice', () => {
    const picker = sourceIp<Counted>(seeded(1));
    picker.update(uniform(5));
    const first = picker.pick(NONE, '192.0.2.1')?.id ?? idOf('');
    const seconds = Array.from({ length: 5 }, () => picker.pick(new Set([first]), '192.0.2.1')?.id);
    expect(new Set(seconds)).to.have.lengthOf(1);
    expect(seconds).to.not.include(first);
  });

  it('answers the same for more clients than it remembers', () => {
    const picker = sourceIp<Counted>(seeded(1));
    picker.update(uniform(7));
    const many = addresses(50_000);
    const ids = many.map((address) => picker.pick(NONE, address)?.id);
    expect(many.map((address) => picker.pick(NONE, address)?.id)).to.deep.equal(ids);
  });

  it('spreads requests without an address over all', () => {
    const picker = sourceIp<Counted>(seeded(1));
    picker.update(uniform(3));
    const names = Array.from({ length: 100 }, () => picker.pick(NONE, '')?.id ?? 'nobody');
    expect(tally(names)).to.have.all.keys('0', '1', '2');
  });
});

function choices(pool: readonly Counted[]): string[] {
  const picker = sourceIp<Counted>(seeded(1));
  picker.update(pool);
  return ADDRESSES.map((address) => picker.pick(NONE, address)?.id ?? 'nobody');
}

function addresses(count: number): string[] {
  const random = seeded(2);
  return Array.from({ length: count }, () => anyAddress(random));
}
