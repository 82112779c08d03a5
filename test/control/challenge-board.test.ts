import { expect } from 'chai';
import { ChallengeBoard } from '../../src/control/acme/challenge-board.js';
import type { ToWorker } from '../../src/messages.js';

type Challenges = Extract<ToWorker, { type: 'challenges' }>;

class Listening {
  readonly id: number;
  readonly heard: Challenges[] = [];

  constructor(id: number) {
    this.id = id;
  }

  send(message: ToWorker): void {
    if (message.type === 'challenges') this.heard.push(message);
  }

  get serial(): number {
    return this.heard.at(-1)?.serial ?? 0;
  }
}

const http = (token: string) => ({ http: { [token]: `${token}.key` }, tls: [] });

describe('The challenges that are open', () => {
  it('are known to every worker before the CA is told', async () => {
    const board = new ChallengeBoard();
    const [a, b] = [new Listening(1), new Listening(2)];
    for (const worker of [a, b]) board.welcome(worker);
    let isOpen = false;
    const opening = board.open('one', http('t')).then(() => {
      isOpen = true;
    });
    board.known(1, a.serial);
    await Promise.resolve();
    expect(isOpen).to.equal(false);
    board.known(2, b.serial);
    await opening;
    expect(b.heard.at(-1)?.challenges.http).to.deep.equal({ t: 't.key' });
  });

  it('do not wait for a worker that is gone', async () => {
    const board = new ChallengeBoard();
    const worker = new Listening(1);
    board.welcome(worker);
    const opening = board.open('one', http('t'));
    board.leave(1);
    await opening;
  });

  it('are told to a worker that starts meanwhile, and to one that has missed them', async () => {
    const board = new ChallengeBoard();
    await Promise.all([board.open('one', http('t')), board.open('two', http('u'))]);
    const late = new Listening(3);
    board.welcome(late);
    expect(late.heard.at(-1)?.challenges.http).to.deep.equal({ t: 't.key', u: 'u.key' });
    board.caughtUp(3);
    expect(late.heard).to.have.length(2);
    board.close('one');
    expect(late.heard.at(-1)?.challenges.http).to.deep.equal({ u: 'u.key' });
  });

  it('cost a balancer without any no message', () => {
    const board = new ChallengeBoard();
    const worker = new Listening(1);
    board.welcome(worker);
    board.caughtUp(1);
    board.close('one');
    expect(worker.heard).to.deep.equal([]);
  });
});
