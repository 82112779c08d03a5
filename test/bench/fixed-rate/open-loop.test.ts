import { expect } from 'chai';
import { type Lane, OpenLoop } from '../../../bench/fixed-rate/open-loop.js';

interface TestLane extends Lane {
  readonly name: string;
}

/** A loop at 1,000 requests a second from time 0, and what it sent. */
function setUp(requests: number, lanes: number) {
  const sent: TestLane[] = [];
  const loop = new OpenLoop<TestLane>({ rate: 1_000, requests, startMs: 0 }, (lane) => sent.push(lane));
  const all = Array.from({ length: lanes }, (_, index): TestLane => ({ name: `lane ${index}`, dueMs: Number.NaN }));
  for (const lane of all) loop.join(lane);
  return { loop, sent, lanes: all };
}

describe('A load at a fixed rate', () => {
  it('sends each request when it is due, and none before', () => {
    const { loop, sent } = setUp(10, 10);
    loop.advance(-0.1);
    expect(sent).to.have.length(0);
    loop.advance(0);
    expect(sent).to.have.length(1);
    loop.advance(3.5);
    expect(sent.map(({ dueMs }) => dueMs)).to.deep.equal([0, 1, 2, 3]);
  });

  it('takes turns with its connections', () => {
    const { loop, sent } = setUp(4, 2);
    for (let due = 0; due < 4; due++) {
      loop.advance(due);
      const lane = sent.at(-1);
      if (lane !== undefined) loop.answered(lane, due + 0.5);
    }
    expect(sent.map(({ name }) => name)).to.deep.equal(['lane 0', 'lane 1', 'lane 0', 'lane 1']);
    expect(loop.complete).to.equal(true);
  });

  it('counts a stall against every request that should have been sent meanwhile', () => {
    // One connection, and a server that answers at once but stands still from 10 to 60 ms.
    const { loop, lanes, sent } = setUp(100, 1);
    const [lane] = lanes;
    if (lane === undefined) throw new Error('there is no lane');
    for (let now = 0; now < 100; now++) {
      loop.advance(now);
      if (now >= 10 && now < 60) continue;
      // Whoever was held up is answered first.
      while (!Number.isNaN(lane.dueMs)) {
        loop.answered(lane, now);
        loop.advance(now);
      }
    }
    const { sortedMs, unanswered } = loop.finish(100);
    expect([sent.length, sortedMs.length, unanswered]).to.deep.equal([100, 100, 0]);
    // Those due at 10, 11, ... 59 waited 50, 49, ... 1 ms; a client that waits for answers would have seen one wait.
    expect([...sortedMs].filter((ms) => ms > 0)).to.deep.equal(Array.from({ length: 50 }, (_, index) => index + 1));
  });

  it('counts what was never answered or never sent for as long as it waited', () => {
    const { loop, lanes } = setUp(5, 2);
    loop.advance(1);
    const [answered, broken] = lanes;
    if (answered === undefined || broken === undefined) throw new Error('there are no lanes');
    loop.lose(broken);
    loop.answered(answered, 2);
    loop.advance(2);
    const { sortedMs, unanswered } = loop.finish(10);
    // Answered after 2 ms; lost at 1; sent at 2 and open; due at 3 and 4 and without a connection.
    expect([...sortedMs]).to.deep.equal([2, 6, 7, 8, 9]);
    expect(unanswered).to.equal(4);
  });

  it('does not use a connection that broke while it rested', () => {
    const { loop, lanes, sent } = setUp(2, 2);
    const [first] = lanes;
    if (first !== undefined) loop.lose(first);
    loop.advance(1);
    expect(sent.map(({ name }) => name)).to.deep.equal(['lane 1']);
  });
});
