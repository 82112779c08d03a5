import { expect } from 'chai';
import { maglev } from '../../src/balancing/maglev.js';
import { buildMaglevTable, type MaglevTable } from '../../src/balancing/maglev-table.js';
import type { Picker } from '../../src/balancing/picker.js';
import { seeded } from '../../src/core/random.js';
import { anyAddress, type Counted, candidate, candidates, Desk, NONE, tally, uniform } from './workbench.js';

const NO_BOUND = 0;

describe('Maglev', () => {
  it('moves only the keys of a backend that is out of use, and brings exactly those back', () => {
    const pool = uniform(10);
    const picker = pickerWith(buildMaglevTable(pool), NO_BOUND);
    const before = choices(picker, pool);
    const without = choices(picker, pool.slice(1));
    for (const [i, id] of before.entries()) {
      if (id === '0') expect(without[i]).to.not.equal('0');
      else expect(without[i]).to.equal(id);
    }
    expect(choices(picker, pool)).to.deep.equal(before);
  });

  it('spreads the keys of one that is out of use over all others', () => {
    const pool = uniform(10);
    const picker = pickerWith(buildMaglevTable(pool), NO_BOUND);
    const before = choices(picker, pool);
    const moved = choices(picker, pool.slice(1)).filter((_, i) => before[i] === '0');
    for (const share of Object.values(tally(moved))) expect(share / moved.length).to.be.within(0.05, 0.18);
  });

  it('chooses without a table, too, and one key always the same', () => {
    const pool = candidates(2, 1, 1);
    const before = choices(pickerWith(undefined, NO_BOUND), pool);
    expect(choices(pickerWith(undefined, NO_BOUND), pool)).to.deep.equal(before);
    expect((tally(before)['a'] ?? 0) / before.length).to.be.closeTo(1 / 2, 0.03);
  });

  it('leaves one that the table does not know alone, unless nobody else is left', () => {
    const [a, b, newcomer] = candidates(1, 1, 1) as [Counted, Counted, Counted];
    const picker = pickerWith(buildMaglevTable([a, b]), NO_BOUND);
    expect(tally(choices(picker, [a, b, newcomer]))).to.have.all.keys('a', 'b');
    expect(picker.pick(new Set([a.id, b.id]), 'key')).to.equal(newcomer);
    expect(tally(choices(picker, [newcomer]))).to.have.all.keys('c');
  });

  it('takes keys, always the same ones, from a backend that weighs less than in its table', () => {
    const pool = uniform(4);
    const picker = pickerWith(buildMaglevTable(pool), NO_BOUND);
    const full = choices(picker, pool);
    const half = choices(picker, [candidate('0', 0.5), ...pool.slice(1)]);
    const tenth = choices(picker, [candidate('0', 0.1), ...pool.slice(1)]);
    expect(count(half, '0') / count(full, '0')).to.be.closeTo(0.5, 0.07);
    expect(count(tenth, '0') / count(full, '0')).to.be.closeTo(0.1, 0.04);
    for (const [i, id] of tenth.entries()) if (id === '0') expect(half[i]).to.equal('0');
    for (const [i, id] of full.entries()) if (id !== '0') expect(tenth[i]).to.equal(id);
  });

  it('keeps all keys where they are when all weights shrink alike', () => {
    const pool = uniform(4);
    const picker = pickerWith(buildMaglevTable(pool), NO_BOUND);
    const full = choices(picker, pool);
    expect(
      choices(
        picker,
        ['0', '1', '2', '3'].map((name) => candidate(name, 0.25)),
      ),
    ).to.deep.equal(full);
  });

  it('lets no backend have more than the balance factor times its share, even if all ask for one key', () => {
    const pool = candidates(2, 1, 1, 1);
    const desk = new Desk(pickerWith(buildMaglevTable(pool), 1.25), pool);
    for (let open = 1; open <= 1_000; open++) {
      const chosen = desk.open(NONE, 'hot');
      const bound = Math.ceil((1.25 * open * (chosen?.weight ?? 0)) / 5);
      expect(chosen?.inflight).to.be.at.most(Math.max(4, bound));
    }
  });

  it('passes the keys of a full backend on to always the same next one, and takes them back', () => {
    const pool = uniform(5);
    const desk = new Desk(pickerWith(buildMaglevTable(pool), 1.25), pool);
    const owner = desk.open(NONE, 'key');
    const next = new Set<string | undefined>();
    for (let i = 0; i < 5; i++) {
      while (desk.open(NONE, 'key') === owner);
      next.add(desk.open(NONE, 'key')?.id);
      for (const each of pool) while (each.inflight > 0) desk.close(each);
      expect(desk.open(NONE, 'key')).to.equal(owner);
    }
    expect(next).to.have.lengthOf(1);
  });

  it('sends all of a hot key to its owner without a bound', () => {
    const pool = uniform(3);
    const desk = new Desk(pickerWith(buildMaglevTable(pool), NO_BOUND), pool);
    const served = Array.from({ length: 100 }, () => desk.open(NONE, 'hot')?.id);
    expect(new Set(served)).to.have.lengthOf(1);
  });

  it('does not mistake requests on backends of other tiers for load of its own', () => {
    const pool = uniform(2);
    const other = candidate('other');
    const picker = pickerWith(buildMaglevTable([...pool, other]), 1.25);
    picker.update(pool);
    for (let i = 0; i < 1_000; i++) picker.loadChanged?.(other, 1);
    const desk = new Desk(picker, pool);
    for (let i = 0; i < 100; i++) desk.open(NONE, 'hot');
    expect(Math.max(...pool.map(({ inflight }) => inflight))).to.be.at.most(63);
  });

  it('spreads requests without a key over all', () => {
    const pool = uniform(3);
    const desk = new Desk(pickerWith(buildMaglevTable(pool), 1.25), pool);
    expect(tally(desk.serve(30, ''))).to.have.all.keys('0', '1', '2');
  });
});

function pickerWith(table: MaglevTable | undefined, balanceFactor: number): Picker<Counted> {
  return maglev(seeded(1), () => table, balanceFactor);
}

function choices(picker: Picker<Counted>, pool: readonly Counted[]): string[] {
  const random = seeded(2);
  picker.update(pool);
  return Array.from({ length: 5_000 }, () => picker.pick(NONE, anyAddress(random))?.id ?? 'nobody');
}

function count(names: readonly string[], name: string): number {
  return tally(names)[name] ?? 0;
}
