/** test/balancing/policies.test.ts: what every policy promises, run over all of them. */
import { expect } from 'chai';
import fc from 'fast-check';
import { buildMaglevTable, type MaglevTable } from '../../src/balancing/maglev-table.js';
import { isKeyed, POLICIES } from '../../src/balancing/policies.js';
import { seeded } from '../../src/core/random.js';
import { type Counted, candidate, candidates, Desk, idOf, NONE, pickerOf, tally, uniform } from './workbench.js';

for (const policy of POLICIES) {
  const deskOf = (eligible: readonly Counted[], seed = 1): Desk => new Desk(pickerOf(policy, seed), eligible);

  describe(`Every policy: ${policy}`, () => {
    it('has nobody to offer before it was told of any backend', () => {
      expect(pickerOf(policy).pick(NONE, '')).to.equal(undefined);
    });

    it('has nobody to offer from an empty pool', () => {
      expect(deskOf([]).serve(2)).to.deep.equal(['nobody', 'nobody']);
    });

    it('offers the only backend every time', () => {
      expect(tally(deskOf(candidates(7)).serve(20))).to.deep.equal({ a: 20 });
    });

    for (const weights of [
      [1, 1, 1, 1],
      [5, 3, 2, 1],
    ]) {
      it(`avoids what was tried, and gives up when all was, with weights ${weights.join(':')}`, () => {
        const pool = candidates(...weights);
        const desk = deskOf(pool);
        for (let round = 0; round < 50; round++) {
          const tried = new Set<Counted['id']>();
          for (const _ of pool) {
            const chosen = desk.open(tried);
            expect(chosen, 'an untried backend was left').to.not.equal(undefined);
            if (chosen === undefined) continue;
            expect(tried).to.not.include(chosen.id);
            tried.add(chosen.id);
            desk.close(chosen);
          }
          expect(desk.open(tried)).to.equal(undefined);
        }
      });
    }

    it('is not confused by a tried backend that is not in the pool', () => {
      const desk = deskOf(candidates(1, 2));
      expect(desk.open(new Set([idOf('gone')]))).to.not.equal(undefined);
    });

    for (const weights of [
      [1, 1],
      [1, 1, 1, 1, 1],
      [3, 1],
      [5, 3, 2],
      [10, 1, 1, 1, 1],
    ]) {
      for (const open of [0, 1, 3, 15]) {
        it(`keeps to weights ${weights.join(':')} with ${open} other requests open`, () => {
          const pool = candidates(...weights);
          const desk = deskOf(pool);
          const served = serveBehind(desk, open, 40_000);
          const total = weights.reduce((sum, weight) => sum + weight, 0);
          for (const { id, weight } of pool) {
            // Chance leaves the smallest share here 2 % (one sigma). Requests that are open are whole numbers: a backend
            // that should hold 1.1 of them holds 1 or 2.
            const tolerance = open === 0 ? 0.06 : 0.25;
            expect((served[id] ?? 0) / 40_000, id).to.be.closeTo(weight / total, tolerance * (weight / total));
          }
        });
      }
    }

    it('sends nothing to a backend that left, and as much as its weight to one that came', () => {
      const [a, b, c] = candidates(1, 1, 1) as [Counted, Counted, Counted];
      const desk = deskOf([a, b]);
      expect(tally(desk.serve(2_000))).to.have.all.keys('a', 'b');
      desk.update([b, c]);
      const after = tally(desk.serve(2_000));
      expect(after).to.have.all.keys('b', 'c');
      expect(after['c']).to.be.within(900, 1_100);
    });

    it('does not flood a backend that returns', () => {
      const pool = uniform(4);
      const desk = deskOf(pool);
      const staying = pool.slice(1);
      desk.serve(400);
      desk.update(staying);
      desk.serve(4_000);
      desk.update(pool);
      expect(tally(desk.serve(40))['0']).to.be.within(1, 18);
    });

    it('takes over changed weights', () => {
      const pool = candidates(1, 1);
      const desk = deskOf(pool);
      desk.serve(101);
      const heavy = { ...pool[1], weight: 4 } as Counted;
      desk.update([pool[0] as Counted, heavy]);
      expect(tally(desk.serve(5_000))['b']).to.be.within(3_850, 4_150);
      heavy.weight = 1;
      desk.update([pool[0] as Counted, heavy]);
      expect(tally(desk.serve(5_000))['b']).to.be.within(2_350, 2_650);
    });

    it('serves every backend of a large pool', () => {
      const pool = uniform(500);
      expect(Object.keys(tally(deskOf(pool).serve(10_000)))).to.have.lengthOf(500);
    });

    it('repeats every choice with the same seed', () => {
      const run = (seed: number): string[] => deskOf(candidates(4, 2, 1, 1), seed).serve(200);
      expect(run(7)).to.deep.equal(run(7));
    });

    it('never picks what is tried or not eligible, whatever happens', () => {
      fc.assert(fc.property(fc.array(operation, { maxLength: 60 }), fc.integer(), (ops, seed) => churn(ops, seed)));
    });
  });

  function churn(ops: readonly Operation[], seed: number): void {
    const all = Array.from({ length: 8 }, (_, i) => candidate(String(i)));
    let eligible: readonly Counted[] = [];
    // The table is old most of the time: it knows all eight, with the weights they had first.
    const desk = new Desk(pickerOf(policy, seed, oldTable), eligible);
    for (const op of ops) {
      if (op.kind === 'update') {
        eligible = all.filter((_, i) => op.present[i]);
        for (const [i, weight] of op.weights.entries()) Object.assign(all[i] ?? {}, { weight });
        desk.update(eligible);
      } else if (op.kind === 'finish') {
        for (const c of all) if (c.inflight > 0) desk.close(c);
      } else {
        const tried = new Set(all.filter((_, i) => op.tried[i]).map((c) => c.id));
        const open = eligible.filter((c) => !tried.has(c.id));
        const chosen = desk.open(tried);
        if (open.length === 0) expect(chosen).to.equal(undefined);
        else expect(open).to.include(chosen);
      }
    }
  }
}

describe('The policies that draw', () => {
  for (const policy of ['two-choices', 'random', 'peak-ewma'] as const) {
    it(`${policy} draws differently with another seed`, () => {
      const run = (seed: number): string[] => new Desk(pickerOf(policy, seed), uniform(8)).serve(50);
      expect(run(1)).to.not.deep.equal(run(2));
    });
  }
});

describe('The policies that hash', () => {
  for (const policy of POLICIES.filter(isKeyed)) {
    it(`${policy} sends one client always to the same backend, whatever was drawn`, () => {
      const desks = [1, 2].map((seed) => new Desk(pickerOf(policy, seed), candidates(3, 2, 1, 1)));
      for (let client = 0; client < 100; client++) {
        const served = desks.flatMap((desk) => desk.serve(5, `192.0.2.${client}`));
        expect(new Set(served), `client ${client}`).to.have.lengthOf(1);
      }
    });
  }
});

type Operation =
  | { readonly kind: 'update'; readonly present: readonly boolean[]; readonly weights: readonly number[] }
  | { readonly kind: 'pick'; readonly tried: readonly boolean[] }
  | { readonly kind: 'finish' };

const flags = fc.array(fc.boolean(), { minLength: 8, maxLength: 8 });
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({
    kind: fc.constant('update' as const),
    present: flags,
    weights: fc.oneof(
      fc.constant([1, 1, 1, 1, 1, 1, 1, 1]),
      fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 8, maxLength: 8 }),
    ),
  }),
  fc.record({ kind: fc.constant('pick' as const), tried: flags }),
  fc.record({ kind: fc.constant('pick' as const), tried: fc.constant([]) }),
  fc.record({ kind: fc.constant('finish' as const) }),
);

/** Serves `count` requests while `open` others are always open, the one to end next chosen by a seed of its own. */
function serveBehind(desk: Desk, open: number, count: number): Record<string, number> {
  const random = seeded(99);
  const running: Counted[] = [];
  const names: string[] = [];
  for (let i = 0; i < count; i++) {
    if (running.length > open) {
      const [done] = running.splice(random.below(running.length), 1);
      if (done !== undefined) desk.close(done);
    }
    const chosen = desk.open();
    if (chosen === undefined) continue;
    running.push(chosen);
    names.push(chosen.id);
  }
  return tally(names);
}

let theEight: MaglevTable | undefined;
/** A table of the eight that churn, built once. */
function oldTable(): MaglevTable {
  theEight ??= buildMaglevTable(uniform(8));
  return theEight;
}
