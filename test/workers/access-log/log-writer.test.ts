import { expect } from 'chai';
import { LogWriter } from '../../../workers/access-log/log-writer.js';

describe('A writer of lines that has finished', () => {
  it('closes a file that was opened too late: from Node 26 on, a file that is forgotten ends the process', async () => {
    const writer = new LogWriter({ onTrouble: () => {}, onLost: () => {}, onReplaced: () => {} });
    const stuck = await new Promise<boolean>((resolve) => writer.finish(0, resolve));
    expect(stuck).to.equal(false);
    let closed = 0;
    const close = async (): Promise<void> => {
      closed += 1;
    };
    writer.use({ fd: -1, isOrdinary: true, nonBlocking: false, close });
    expect(closed).to.equal(1);
  });
});
