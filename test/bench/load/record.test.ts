import { expect } from 'chai';
import { outcomeOf, silenceOf, waitOf } from '../../../bench/load/record.js';
import { served, unanswered } from '../faults/records.js';

describe('What became of a request', () => {
  for (const [what, record, outcome] of [
    ['a whole answer is what was asked for', served(0), 'ok'],
    ['so is one that says the request was wrong', served(0, { status: 404 }), 'ok'],
    ['a GET without an answer could have been served by another backend', unanswered(0), 'replayable'],
    ['so could one that got an error', served(0, { status: 502, backend: '' }), 'replayable'],
    ['even when a backend sent the error', served(0, { status: 500 }), 'replayable'],
    ['a POST without an answer must not be sent twice', unanswered(0, { method: 'POST' }), 'unrepeatable'],
    ['nor must one that got an error', served(0, { method: 'POST', status: 504 }), 'unrepeatable'],
    ['an answer that broke off is past mending', served(0, { ending: 'broken' }), 'begun'],
    ['in the head already', served(0, { ending: 'broken', status: 0 }), 'begun'],
    ['whatever the method', served(0, { ending: 'broken', method: 'POST' }), 'begun'],
  ] as const) {
    it(`${what}: ${outcome}`, () => expect(outcomeOf(record)).to.equal(outcome));
  }

  it('is waited for from when it was due', () => {
    const record = served(1_000, { firstByteMs: 1_300, endMs: 1_450 });
    expect([silenceOf(record), waitOf(record)]).to.deep.equal([300, 450]);
  });

  it('is waited for to the end when not a byte came', () => {
    expect(silenceOf(unanswered(1_000, { endMs: 1_400 }))).to.equal(400);
  });
});
