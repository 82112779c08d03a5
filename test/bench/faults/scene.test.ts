import { expect } from 'chai';
import { Children } from '../../../bench/children.js';
import { type Fault, NOTHING_TO_UNDO } from '../../../bench/faults/fault.js';
import { roundhouse } from '../../../bench/faults/products/roundhouse.js';
import { playScene } from '../../../bench/faults/scene.js';

const KILLED: Fault = {
  name: 'killed',
  summary: 'one backend ends by SIGKILL and is started again',
  victims: 'one',
  shunned: true,
  promised: true,
  beforeMs: 500,
  faultMs: 500,
  afterMs: 500,
  play: async ({ victim }) => {
    victim.signal('SIGKILL');
    return () => victim.start();
  },
};

const MOVED: Fault = {
  ...KILLED,
  name: 'moved',
  summary: "one backend's name is given another address",
  named: true,
  beforeMs: 300,
  faultMs: 2_500,
  afterMs: 100,
  play: async ({ moveName }) => moveName?.() ?? NOTHING_TO_UNDO,
};

describe('A fault that is played', () => {
  const children = new Children();
  afterEach(() => children.stop());

  // The backends need addresses of their own, and only Linux answers on all of 127.0.0.0/8.
  (process.platform === 'linux' ? it : it.skip)(
    'takes its backend away, and costs nothing that can be repeated',
    async () => {
      const result = await playScene(KILLED, roundhouse, children);
      if ('missing' in result) throw new Error(result.missing);
      const { requests, failures, phases, sentTwice } = result.finding;
      expect(requests).to.equal(750);
      expect(failures.replayable).to.equal(0);
      expect(sentTwice).to.equal(0);
      // A third, as far as two random choices of 250 requests are even on a busy machine.
      expect(phases.before.shares[2]).to.be.above(0.15);
      expect(phases.during.shares[2]).to.be.below(0.1);
    },
  );

  (process.platform === 'linux' ? it : it.skip)('gives a name of its own to each backend, and moves one', async () => {
    const result = await playScene(MOVED, roundhouse, children);
    if ('missing' in result) throw new Error(result.missing);
    const { failures, phases } = result.finding;
    expect(failures).to.deep.equal({ replayable: 0, begun: 0, unrepeatable: 0 });
    expect(phases.before.shares[3]).to.equal(0);
    expect(phases.during.shares[3]).to.be.above(0);
  });
});
