import { expect } from 'chai';
import type { Config } from '../../src/config/schema.js';
import { type WatchedWorker, WorkerWatch } from '../../src/control/worker-watch.js';
import { milliseconds } from '../support/milliseconds.js';
import { LogBook } from './support.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const MIB = 1_048_576;

class FakeWorker implements WatchedWorker {
  readonly slot: number;
  readonly pid = 1;
  state: WatchedWorker['state'] = 'listening';
  ageMs = 0;
  heardAtMs = 0;
  memoryBytes = 0;
  killed: string[] = [];

  constructor(slot: number) {
    this.slot = slot;
  }

  kill(reason: string): void {
    this.killed.push(reason);
  }
}

describe('The watch over the workers', () => {
  let nowMs: number;
  let workers: FakeWorker[];
  let log: LogBook;
  let replaced: FakeWorker[];
  let finish: (problem?: Error) => void;
  let watch: WorkerWatch<FakeWorker>;

  function begin(limits: Partial<Config['workerLimits']> = {}, heartbeatMs = 10 * SECOND): void {
    nowMs = 0;
    workers = [new FakeWorker(1), new FakeWorker(2)];
    log = new LogBook();
    replaced = [];
    watch = new WorkerWatch({
      config: {
        current: {
          heartbeat: milliseconds(heartbeatMs),
          workerLimits: { age: milliseconds(0), memory: 0, ...limits },
        },
      },
      workers: () => workers,
      memoryBytes: (worker) => worker.memoryBytes,
      replace: (worker) => {
        replaced.push(worker);
        return new Promise((resolve, reject) => {
          finish = (problem) => (problem === undefined ? resolve() : reject(problem));
        });
      },
      logger: log.logger,
      journal: log.journal,
      nowMs: () => nowMs,
    });
    watch.start();
    // The test looks itself.
    watch.stop();
  }

  /** So many seconds in which this process runs on time, and those workers say something that do so. */
  function pass(seconds: number, ...speaking: readonly FakeWorker[]): void {
    for (let second = 0; second < seconds; second++) {
      nowMs += SECOND;
      for (const worker of speaking) worker.heardAtMs = nowMs;
      watch.look();
    }
  }

  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const one = (): FakeWorker => workers[0] ?? new FakeWorker(0);
  const two = (): FakeWorker => workers[1] ?? new FakeWorker(0);

  it('ends the one that has been silent for longer than it may, once, and no other', () => {
    begin();
    pass(10, two());
    expect(one().killed).to.deep.equal([]);
    pass(5, two());
    expect([one().killed, two().killed]).to.deep.equal([['no sign of life'], []]);
    expect(log.all('worker does not answer and is ended')).to.have.lengthOf(1);
    expect(log.entries[0]).to.include({ level: 'error', worker: 1, silentMs: 11_000 });
  });

  it('ends nobody where that is off', () => {
    begin({}, 0);
    pass(100);
    expect([one().killed, two().killed]).to.deep.equal([[], []]);
  });

  it('leaves those alone that start or drain: they have deadlines of their own', () => {
    begin();
    one().state = 'starting';
    two().state = 'draining';
    pass(100);
    expect([one().killed, two().killed]).to.deep.equal([[], []]);
  });

  it('blames no worker for the time in which this process itself did not run', () => {
    begin();
    pass(5, one(), two());
    // Stopped for an hour; what the workers said meanwhile is not read yet.
    nowMs += 60 * MINUTE;
    watch.look();
    pass(9, one());
    expect([one().killed, two().killed]).to.deep.equal([[], []]);
    pass(2, one());
    expect([one().killed, two().killed]).to.deep.equal([[], ['no sign of life']]);
  });

  it('judges nobody while this process is late all the time', () => {
    begin();
    for (let turn = 0; turn < 100; turn++) {
      nowMs += 3 * SECOND;
      watch.look();
    }
    expect([one().killed, two().killed]).to.deep.equal([[], []]);
  });

  it('replaces those past the age, one at a time', async () => {
    begin({ age: milliseconds(MINUTE) });
    for (const worker of workers) worker.ageMs = MINUTE + 1;
    pass(3, ...workers);
    expect(replaced).to.deep.equal([one()]);
    workers = [two()];
    finish();
    await settled();
    pass(1, ...workers);
    expect(replaced.map(({ slot }) => slot)).to.deep.equal([1, 2]);
    expect(log.all('worker is past its limit and is replaced').map(({ reason }) => reason)).to.deep.equal([
      '60 s old',
      '60 s old',
    ]);
  });

  it('replaces one that holds too much memory, unless it is so young that its successor would hold as much', () => {
    begin({ memory: 256 });
    one().memoryBytes = 257 * MIB;
    two().memoryBytes = 256 * MIB;
    for (const worker of workers) worker.ageMs = 59 * SECOND;
    pass(1, ...workers);
    expect(replaced).to.deep.equal([]);
    for (const worker of workers) worker.ageMs = 61 * SECOND;
    pass(1, ...workers);
    expect(replaced).to.deep.equal([one()]);
  });

  it('waits for a minute after a replacement that did not start', async () => {
    begin({ age: milliseconds(MINUTE) });
    one().ageMs = MINUTE + 1;
    pass(1, ...workers);
    finish(new Error('no memory'));
    await settled();
    expect(log.all('worker could not be replaced')[0]).to.include({ worker: 1, reason: 'no memory' });
    pass(59, ...workers);
    expect(replaced).to.have.lengthOf(1);
    pass(1, ...workers);
    expect(replaced).to.have.lengthOf(2);
  });
});
