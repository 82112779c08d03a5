import { expect } from 'chai';
import fc from 'fast-check';
import { Latency } from '../../src/balancing/latency.js';
import { leastConnections } from '../../src/balancing/least-connections.js';
import { clearlyLighter } from '../../src/balancing/load.js';
import { seeded } from '../../src/core/random.js';
import { type Counted, candidate, candidates, Desk, idOf, NONE, tally } from './workbench.js';

function picked(...pool: readonly Counted[]): string | undefined {
  const picker = leastConnections<Counted>();
  picker.update(pool);
  return picker.pick(NONE, '')?.id;
}

describe('Least connections', () => {
  it('picks the one with the fewest in flight', () => {
    expect(picked(candidate('a', 1, 3), candidate('b', 1, 1), candidate('c', 1, 2))).to.equal('b');
  });

  it('measures load against weight', () => {
    expect(picked(candidate('small', 1, 1), candidate('big', 10, 9))).to.equal('big');
    expect(picked(candidate('small', 1, 0), candidate('big', 10, 10))).to.equal('small');
  });

  it('rotates an idle pool exactly', () => {
    expect(new Desk(leastConnections(), candidates(1, 1, 1)).serve(9).join('')).to.equal('abcabcabc');
  });

  it('serves an idle pool by weight', () => {
    expect(tally(new Desk(leastConnections(), candidates(3, 1)).serve(400))).to.deep.equal({ a: 300, b: 100 });
  });

  it('fills a pool exactly by weight when nothing ends', () => {
    const pool = candidates(5, 3, 2);
    const desk = new Desk(leastConnections(), pool);
    for (let i = 0; i < 1_000; i++) desk.open();
    expect(pool.map((c) => c.inflight)).to.deep.equal([500, 300, 200]);
  });

  it('takes the next lightest when the lightest was tried', () => {
    const picker = leastConnections<Counted>();
    picker.update([candidate('a', 1, 0), candidate('b', 1, 2), candidate('c', 1, 1)]);
    expect(picker.pick(new Set([idOf('a')]), '')?.id).to.equal('c');
  });

  it('follows every beginning and end of a request', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(weights, fc.array(fc.nat(20), { maxLength: 200 }), (list, steps) => {
        const pool = list.map((weight, i) => candidate(String(i), weight));
        const desk = new Desk(leastConnections(), pool);
        for (const step of steps) {
          const open = pool.filter(({ inflight }) => inflight > 0);
          const ended = open[step];
          if (ended !== undefined) {
            desk.close(ended);
            continue;
          }
          const fair = pool.filter((c) => !pool.some((other) => clearlyLighter(other, c)));
          const turn = Math.min(...fair.map((c) => c.turn));
          expect(fair.filter((c) => c.turn === turn)).to.include(desk.open());
        }
      }),
    );
  });

  it('favours nobody for its place in the list, though some are busy now and then', () => {
    const pool = candidates(1, 1, 1, 1, 1, 1, 1, 1);
    const desk = new Desk(leastConnections(), pool);
    const random = seeded(4);
    const running: Counted[] = [];
    const served: string[] = [];
    for (let i = 0; i < 20_000; i++) {
      const chosen = desk.open();
      if (chosen !== undefined) running.push(chosen);
      served.push(chosen?.id ?? 'nobody');
      if (running.length > 6) for (const done of running.splice(random.below(running.length), 1)) desk.close(done);
    }
    const shares = Object.values(tally(served));
    expect(Math.max(...shares) / Math.min(...shares)).to.be.below(1.03);
  });

  it('never picks one that another is clearly lighter than, nor passes over a longer wait', () => {
    const counted = fc.record({
      weight: fc.integer({ min: 1, max: 20 }),
      inflight: fc.integer({ min: 0, max: 30 }),
      turn: fc.integer({ min: 0, max: 5 }),
    });
    fc.assert(
      fc.property(fc.array(counted, { minLength: 1, maxLength: 12 }), (rows) => {
        const pool = rows.map((row, i): Counted => ({ ...row, id: idOf(String(i)), latency: new Latency() }));
        const chosen = pool.find((c) => c.id === picked(...pool));
        const fair = pool.filter((c) => !pool.some((other) => clearlyLighter(other, c)));
        expect(fair).to.include(chosen);
        expect(chosen?.turn).to.equal(Math.min(...fair.map((c) => c.turn)));
      }),
    );
  });
});
