import { expect } from 'chai';
import { findingOf } from '../../../bench/faults/finding.js';
import { served, traffic, unanswered } from './records.js';

const MARKS = { startMs: 0, faultMs: 100, undoneMs: 300, endMs: 500 };
const HARM = { victims: new Set<string>(), shunned: false, stallMs: 250 };

describe('A finding', () => {
  it('counts failures by kind and says what clients got instead', () => {
    const records = [
      served(0),
      served(110, { status: 502, backend: '' }),
      unanswered(120),
      unanswered(130, { method: 'POST' }),
      served(140, { ending: 'broken' }),
      served(150, { ending: 'broken', status: 0 }),
    ];
    const { requests, failures, failedWith } = findingOf(records, MARKS, HARM, ['b1'], []);
    expect(requests).to.equal(6);
    expect(failures).to.deep.equal({ replayable: 2, begun: 2, unrepeatable: 1 });
    expect(failedWith).to.deep.equal({ 502: 1, 'no answer': 2, 'broken 200': 1, 'broken in the head': 1 });
  });

  it('keeps the wait for a response apart from the wait within one', () => {
    const records = [
      served(10, { firstByteMs: 90, endMs: 95 }),
      served(90, { firstByteMs: 100, endMs: 800 }),
      unanswered(120, { endMs: 520 }),
      unanswered(120, { method: 'POST', endMs: 620 }),
    ];
    const { longestWaitMs, longestPostWaitMs, longestResponseMs } = findingOf(records, MARKS, HARM, ['b1'], []);
    expect([longestWaitMs, longestPostWaitMs, longestResponseMs]).to.deep.equal([400, 500, 700]);
  });

  it('finds the POSTs that were sent twice', () => {
    expect(findingOf([], MARKS, HARM, [], ['1', '2', '1', '3']).sentTwice).to.equal(1);
  });

  it('tells the phases apart: throughput by when responses ended, waits by when requests were due', () => {
    const late = traffic(100, 200, (dueMs) => served(dueMs, { endMs: dueMs + 300 }));
    const { before, during, after } = findingOf(
      [...traffic(0, 100, (dueMs) => served(dueMs)), ...late],
      MARKS,
      HARM,
      ['b1'],
      [],
    ).phases;
    expect(before).to.deep.include({ servedPerSecond: 100, p99Ms: 5, shares: [1] });
    expect(during).to.deep.include({ servedPerSecond: 0, p50Ms: 300 });
    expect(after).to.deep.include({ servedPerSecond: 50, p50Ms: undefined, shares: [] });
  });
});
