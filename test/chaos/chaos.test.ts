import { expect } from 'chai';
import { playRound } from './chaos.js';

const SEED = 11;
const CLIENTS = 150;

describe('When backends and clients misbehave at every stage', () => {
  for (const [pipelining, how] of [
    [1, 'each on its own connection'],
    [8, 'several on one connection'],
  ] as const) {
    it(`each request ends in its own answer, a clean refusal or a visible break, and nothing is left of it, ${how}`, async () => {
      const { violations, endings, harmless, disappointments } = await playRound(SEED, CLIENTS, pipelining);
      expect(violations).to.deep.equal([]);
      // A machine that stands still for half a second times out what nothing else was in the way of.
      expect(disappointments, 'not right').to.have.length.at.most(harmless / 20);
      for (const [ending, count] of Object.entries(endings)) expect(count, ending).to.be.greaterThan(0);
    });
  }
});
