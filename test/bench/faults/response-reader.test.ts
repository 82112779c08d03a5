import { expect } from 'chai';
import { ResponseReader } from '../../../bench/faults/response-reader.js';

const RESPONSE = 'HTTP/1.1 200 OK\r\nx-backend: b2\r\nContent-Length: 4\r\n\r\nabcd';

function read(...parts: readonly string[]): ResponseReader {
  const reader = new ResponseReader();
  for (const part of parts) reader.take(Buffer.from(part, 'latin1'));
  return reader;
}

describe('A response read by the load of a fault', () => {
  it('is complete with its last byte, wherever it was cut', () => {
    for (let cut = 1; cut < RESPONSE.length; cut++) {
      expect(read(RESPONSE.slice(0, cut)).complete, `${cut} bytes`).to.equal(false);
      const whole = read(RESPONSE.slice(0, cut), RESPONSE.slice(cut));
      expect(whole).to.include({ status: 200, backend: 'b2', complete: true, keepAlive: true, bad: false });
    }
  });

  it('without a length is complete when the connection ends, and is the last one', () => {
    const reader = read('HTTP/1.0 503 Service Unavailable\r\nConnection: close\r\n\r\nsorry');
    expect(reader).to.include({ status: 503, backend: '', complete: false, keepAlive: false });
    reader.ended();
    expect(reader.complete).to.equal(true);
  });

  it('with a length is not complete when the connection ends early', () => {
    const reader = read(RESPONSE.slice(0, -1));
    reader.ended();
    expect(reader.complete).to.equal(false);
  });

  it('is the last one when it says so', () => {
    expect(read('HTTP/1.1 502 Bad\r\nconnection: Close\r\ncontent-length: 0\r\n\r\n').keepAlive).to.equal(false);
  });

  for (const [what, text] of [
    ['is followed by more than it announced', `${RESPONSE}e`],
    ['is no HTTP', 'SSH-2.0-OpenSSH\r\n\r\n'],
    ['is framed in a way that is not read here', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['has a head without an end', 'x'.repeat(20_000)],
  ] as const) {
    it(`is bad when it ${what}`, () => expect(read(text).bad).to.equal(true));
  }
});
