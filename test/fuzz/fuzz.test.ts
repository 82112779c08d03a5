import { expect } from 'chai';
import { fuzzFirstBytes } from './first-bytes.js';
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

describe('What a connection begins with', () => {
  it(`is never taken for one thing in part and for another in whole: ${INPUTS} inputs of one seed`, () => {
    const { accepted, findings } = fuzzFirstBytes(SEED, ({ inputs }) => inputs < INPUTS);
    expect(findings).to.deep.equal([]);
    expect(accepted, 'inputs that were taken').to.be.greaterThan(INPUTS / 4);
  });
});
