import { expect } from 'chai';
import fc from 'fast-check';
import { Batches } from '../../../workers/access-log/batches.js';

const CHUNK = 262_144;
const lengths = fc.array(fc.integer({ min: 1, max: 4_000 }), { maxLength: 400 });

/** A line that tells its number, so that none can be taken for another. */
function lineOf(number: number, length: number): string {
  return `${String(number).padEnd(length, '.').slice(0, length)}\n`;
}

/** Takes everything off the queue as a writer does, at most `most` bytes at a time. */
function drain(queue: Batches, most: number): string {
  let out = '';
  for (let piece = queue.front(most); piece !== undefined; piece = queue.front(most)) {
    out += piece.bytes.toString('latin1', piece.from, piece.to);
    queue.written(piece.to - piece.from);
  }
  return out;
}

describe('Lines on their way to a file', () => {
  it('come out in order and whole, however many go in between two writes', () => {
    fc.assert(
      fc.property(
        fc.array(lengths, { maxLength: 6 }),
        fc.constantFrom(4_096, Number.POSITIVE_INFINITY),
        (rounds, most) => {
          const queue = new Batches(16 * CHUNK);
          let number = 0;
          let went = '';
          let came = '';
          for (const round of rounds) {
            for (const length of round) {
              const line = lineOf(number++, length);
              expect(queue.append(line)).to.equal(0);
              went += line;
            }
            const piece = queue.front(most);
            if (piece === undefined) continue;
            expect(piece.bytes[piece.to - 1]).to.equal(0x0a);
            expect(piece.to - piece.from).to.be.at.most(most);
            came += piece.bytes.toString('latin1', piece.from, piece.to);
            queue.written(piece.to - piece.from);
          }
          expect(queue.settle()).to.equal(0);
          expect(came + drain(queue, most)).to.equal(went);
          expect(queue.size).to.equal(0);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('go on where a write ended in the middle of one', () => {
    fc.assert(
      fc.property(lengths, fc.array(fc.integer({ min: 1, max: 3_000 }), { minLength: 1 }), (round, cuts) => {
        const queue = new Batches(16 * CHUNK);
        const went = round.map((length, number) => lineOf(number, length)).join('');
        round.forEach((length, number) => void queue.append(lineOf(number, length)));
        queue.settle();
        let came = '';
        for (let turn = 0; queue.size > 0; turn++) {
          const piece = queue.front(4_096);
          if (piece === undefined) throw new Error('nothing in front');
          const to = Math.min(piece.to, piece.from + (cuts[turn % cuts.length] ?? 1));
          came += piece.bytes.toString('latin1', piece.from, to);
          queue.written(to - piece.from);
        }
        expect(came).to.equal(went);
      }),
      { numRuns: 100 },
    );
  });

  it('are lost, and counted, when there is no room, and those before are not', () => {
    const queue = new Batches(2 * CHUNK);
    const line = lineOf(0, 999);
    let appended = 0;
    let lost = 0;
    while (appended < 1_000) {
      lost += queue.append(line);
      appended += 1;
    }
    lost += queue.settle();
    expect(lost).to.be.within(1_000 - 2 * Math.floor(CHUNK / 1_000), 1_000 - 2 * Math.floor(CHUNK / 1_000) + 4);
    expect(drain(queue, Number.POSITIVE_INFINITY)).to.equal(line.repeat(appended - lost));
    expect(queue.append(line)).to.equal(0);
  });

  it('never take more memory than they may, and the same again and again', () => {
    const queue = new Batches(CHUNK);
    for (let round = 0; round < 50; round++) {
      for (let number = 0; number < 200; number++) expect(queue.append(lineOf(number, 999))).to.equal(0);
      queue.settle();
      expect(drain(queue, Number.POSITIVE_INFINITY)).to.have.length(200_000);
    }
  });

  it('can be given up: the rest of the one that was begun, or all', () => {
    const queue = new Batches(CHUNK);
    for (const word of ['first', 'second', 'third']) queue.append(`${word}\n`);
    queue.settle();
    expect(queue.dropTorn()).to.equal(0);
    queue.written(2);
    expect(queue.dropTorn()).to.equal(1);
    expect(queue.dropTorn()).to.equal(0);
    queue.append('fourth\n');
    expect(queue.dropAll()).to.equal(3);
    expect(queue.size).to.equal(0);
    expect(queue.front(10)).to.equal(undefined);
  });
});
