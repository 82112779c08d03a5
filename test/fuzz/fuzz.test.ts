import { expect } from 'chai';
import { fuzz, replayCorpus } from './fuzz.js';

const INPUTS = 20_000;
const SEED = 20_250_614;

describe('Whatever message we accept', () => {
  it('means the same to llhttp, whole and in parts and sent on: everything that was ever read differently', () => {
    expect(replayCorpus().findings).to.deep.equal([]);
  });

  it(`means the same to llhttp, whole and in parts and sent on: ${INPUTS} inputs of one seed`, () => {
    const { accepted, findings } = fuzz(SEED, ({ inputs }) => inputs < INPUTS);
    expect(findings).to.deep.equal([]);
    expect(accepted, 'inputs that were compared').to.be.greaterThan(INPUTS / 4);
  });
});
