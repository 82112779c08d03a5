import { expect } from 'chai';
import { backAfterMs, type Harm, leftAfterMs, sharesWithin, timelineOf } from '../../../bench/faults/timeline.js';
import type { RequestRecord } from '../../../bench/load/record.js';
import { inTurns, served, traffic, unanswered } from './records.js';

const MARKS = { startMs: 0, faultMs: 1_000, undoneMs: 3_000, endMs: 5_000 };
const HARM: Harm = { victims: new Set(['b3']), shunned: true, stallMs: 250 };

/** The fault is at `b3`; while it is met, `met` makes what the third of the requests becomes that would go there. */
function run(metUntilMs: number, awayUntilMs: number, met: (dueMs: number) => RequestRecord): RequestRecord[] {
  const twoLeft = (dueMs: number, index: number): RequestRecord => served(dueMs, { backend: `b${(index % 2) + 1}` });
  return [
    ...traffic(0, 1_000, inTurns),
    ...traffic(1_000, metUntilMs, (dueMs, index) => (index % 3 === 2 ? met(dueMs) : inTurns(dueMs, index))),
    ...traffic(metUntilMs, awayUntilMs, twoLeft),
    ...traffic(awayUntilMs, 5_000, inTurns),
  ];
}

describe('Traffic has left a faulty backend', () => {
  for (const [what, met] of [
    ['fail', (dueMs: number) => unanswered(dueMs)],
    ['wait', (dueMs: number) => served(dueMs, { endMs: dueMs + 300 })],
    ['are answered by it', (dueMs: number) => served(dueMs, { backend: 'b3' })],
  ] as const) {
    it(`when requests no longer ${what}`, () => {
      expect(leftAfterMs(run(1_700, 3_500, met), MARKS, HARM)).to.equal(700);
    });
  }

  it('at once when nobody met the fault', () => {
    expect(leftAfterMs(run(1_000, 3_500, unanswered), MARKS, HARM)).to.equal(0);
  });

  it('though one request now and then tries whether it is back', () => {
    const records = run(1_700, 3_500, unanswered).map((record) =>
      record.dueMs > 1_700 && record.dueMs % 100 === 0 ? unanswered(record.dueMs) : record,
    );
    expect(leftAfterMs(records, MARKS, HARM)).to.equal(700);
  });

  it('not at all when requests meet the fault to its end', () => {
    expect(leftAfterMs(run(3_000, 3_500, unanswered), MARKS, HARM)).to.equal(undefined);
  });

  it('though answers of a backend that works now and then are welcome', () => {
    const records = run(3_000, 3_500, (dueMs) => served(dueMs, { backend: 'b3' }));
    expect(leftAfterMs(records, MARKS, { ...HARM, shunned: false })).to.equal(0);
  });

  it('whatever happened to requests that were due before the fault', () => {
    const records = run(1_000, 3_500, unanswered).map((record) =>
      record.dueMs < 1_000 ? unanswered(record.dueMs, { endMs: 2_900 }) : record,
    );
    expect(leftAfterMs(records, MARKS, HARM)).to.equal(0);
  });
});

describe('Traffic is back at a backend', () => {
  it('from when it has half of what it had', () => {
    expect(backAfterMs(run(1_700, 3_600, unanswered), MARKS, HARM)).to.equal(600);
  });

  it('not by one request that tries it', () => {
    const records = run(1_700, 4_000, unanswered).map((record) =>
      record.dueMs === 3_200 ? served(3_200, { backend: 'b3' }) : record,
    );
    expect(backAfterMs(records, MARKS, HARM)).to.equal(1_000);
  });

  it('not by what it answers late', () => {
    const late = (dueMs: number): RequestRecord => served(dueMs, { backend: 'b3', endMs: 3_001 });
    expect(backAfterMs(run(2_900, 5_000, late), MARKS, HARM)).to.equal(undefined);
  });

  it('never when it had none', () => {
    expect(
      backAfterMs(
        traffic(0, 5_000, (dueMs) => served(dueMs)),
        MARKS,
        HARM,
      ),
    ).to.equal(undefined);
  });
});

describe('The distribution of what was served', () => {
  it('counts what was due within a time, by backend', () => {
    const records = run(1_700, 3_500, unanswered);
    const shares = (fromMs: number, toMs: number): number[] =>
      sharesWithin(records, fromMs, toMs, ['b1', 'b2', 'b3']).map((share) => Math.round(share * 100));
    expect(shares(0, 990)).to.deep.equal([33, 33, 33]);
    expect(shares(1_700, 3_500)).to.deep.equal([50, 50, 0]);
  });

  it('is none when nothing was served', () => {
    expect(sharesWithin([unanswered(10)], 0, 100, ['b1'])).to.deep.equal([]);
  });
});

describe('The timeline of a run', () => {
  it('tells of every 100 ms what was due, what failed, how long a client waited and who served', () => {
    const records = [served(900), unanswered(1_010), served(1_020, { endMs: 1_700, backend: 'b2' })];
    const told = timelineOf(records, MARKS, ['b1', 'b2']).filter(({ due }) => due > 0);
    expect(told).to.deep.equal([
      { atMs: -100, due: 1, failed: 0, longestWaitMs: 5, served: [1, 0] },
      { atMs: 0, due: 2, failed: 1, longestWaitMs: 680, served: [0, 1] },
    ]);
  });

  it('covers the whole run', () => {
    expect(timelineOf([], MARKS, [])).to.have.length(50);
  });
});
