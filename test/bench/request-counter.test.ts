import { expect } from 'chai';
import { RequestCounter } from '../../bench/request-counter.js';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const POST = 'POST / HTTP/1.1\r\nHost: a\r\ncontent-length: 5\r\n\r\nab\r\n\r';

/** @returns how many requests were complete after each part */
function countIn(parts: readonly string[]): number[] {
  const counter = new RequestCounter();
  return parts.map((part) => counter.take(Buffer.from(part, 'latin1')));
}

describe("The bench backend's count of requests", () => {
  it('sees each of several in one read', () => {
    expect(countIn([GET + POST + GET])).to.deep.equal([3]);
  });

  it('is the same however the bytes are split', () => {
    const stream = POST + GET + POST;
    for (let at = 1; at < stream.length; at++) {
      const counts = countIn([stream.slice(0, at), stream.slice(at)]);
      expect(
        counts.reduce((sum, count) => sum + count, 0),
        `split at ${at}`,
      ).to.equal(3);
    }
  });

  it('waits for the last byte of a body', () => {
    expect(countIn([POST.slice(0, -1), POST.slice(-1)])).to.deep.equal([0, 1]);
  });

  it('notices that the client wants the connection closed', () => {
    const counter = new RequestCounter();
    counter.take(Buffer.from(GET));
    expect(counter.closing).to.equal(false);
    counter.take(Buffer.from('GET / HTTP/1.1\r\nConnection: close\r\n\r\n'));
    expect(counter.closing).to.equal(true);
  });
});
