import { expect } from 'chai';
import { twoChoices } from '../../src/balancing/two-choices.js';
import { seeded } from '../../src/core/random.js';
import { type Counted, candidate, candidates, Desk, NONE, tally, uniform } from './workbench.js';

describe('Two choices', () => {
  it('prefers the less loaded of two', () => {
    const picker = twoChoices<Counted>(seeded(1));
    picker.update([candidate('busy', 1, 3), candidate('quiet', 1, 2)]);
    for (let i = 0; i < 50; i++) expect(picker.pick(NONE, '')?.id).to.equal('quiet');
  });

  it('measures load against weight', () => {
    const picker = twoChoices<Counted>(seeded(1));
    picker.update([candidate('big', 10, 5), candidate('small', 1, 1)]);
    for (let i = 0; i < 50; i++) expect(picker.pick(NONE, '')?.id).to.equal('big');
  });

  it('never picks the most loaded of many', () => {
    const picker = twoChoices<Counted>(seeded(5));
    picker.update([candidate('slow', 1, 100), ...uniform(20)]);
    const picked = Array.from({ length: 5_000 }, () => picker.pick(NONE, '')?.id ?? 'nobody');
    expect(tally(picked)).to.not.have.property('slow');
  });

  it('draws every pair of three equally often, so that each of the two lightest is met', () => {
    const picker = twoChoices<Counted>(seeded(3));
    picker.update([candidate('lightest', 1, 0), candidate('light', 1, 1), candidate('heavy', 1, 2)]);
    const picked = tally(Array.from({ length: 9_000 }, () => picker.pick(NONE, '')?.id ?? 'nobody'));
    expect(picked['lightest']).to.be.within(5_800, 6_200);
    expect(picked['light']).to.be.within(2_800, 3_200);
    expect(picked).to.not.have.property('heavy');
  });

  it('draws a weighted pair in proportion, the second from what the first leaves', () => {
    // The last is only ever picked when it is drawn together with one of the first two, which are busier still.
    const pool = [candidate('a', 5, 900), candidate('b', 3, 500), candidate('c', 2, 0)];
    const picker = twoChoices<Counted>(seeded(3));
    picker.update(pool);
    const picked = tally(Array.from({ length: 20_000 }, () => picker.pick(NONE, '')?.id ?? 'nobody'));
    // P(c not drawn) = 5/10 x 3/5 + 3/10 x 5/7, by hand.
    expect(1 - (picked['c'] ?? 0) / 20_000).to.be.closeTo(0.3 + 3 / 14, 0.012);
    expect(picked).to.not.have.property('a');
  });

  it('rotates an idle pair exactly', () => {
    expect(new Desk(twoChoices(seeded(1)), candidates(1, 1)).serve(100).join('')).to.match(/^(ab){50}$|^(ba){50}$/);
  });

  it('serves an idle pair weighted 3:1 exactly 3:1', () => {
    expect(tally(new Desk(twoChoices(seeded(1)), candidates(3, 1)).serve(400))).to.deep.equal({ a: 300, b: 100 });
  });

  it('never gives an idle pool the same backend twice in a row', () => {
    const served = new Desk(twoChoices(seeded(1)), uniform(5)).serve(2_000);
    expect(served.filter((name, i) => name === served[i - 1])).to.deep.equal([]);
  });

  it('keeps a pool of many more level than chance does', () => {
    const pool = uniform(100);
    const desk = new Desk(twoChoices(seeded(1)), pool);
    for (let i = 0; i < 1_000; i++) desk.open();
    expect(Math.max(...pool.map((c) => c.inflight))).to.be.at.most(13);
  });
});
