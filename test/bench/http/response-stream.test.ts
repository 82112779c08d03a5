import { expect } from 'chai';
import { ResponseStream, type StreamState } from '../../../bench/http/response-stream.js';

const RESPONSE = 'HTTP/1.1 200 OK\r\nx-backend: b2\r\nContent-Length: 4\r\n\r\nabcd';
const CHUNKED =
  'HTTP/1.1 502 Bad\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive, Close\r\n\r\n3\r\nbad\r\n0\r\n\r\n';
const UNTIL_CLOSE = 'HTTP/1.0 503 Service Unavailable\r\nConnection: close\r\n\r\nsorry';

/** @returns the state behind each part; every complete response is followed by the next */
function statesAfter(reader: ResponseStream, ...parts: readonly string[]): StreamState[] {
  return parts.map((part) => {
    const state = reader.take(Buffer.from(part, 'latin1'));
    if (state === 'complete' && part !== parts.at(-1)) reader.reset();
    return state;
  });
}

describe('The stream of responses on a connection', () => {
  it('finds the end of one response after the other, wherever the bytes are split', () => {
    for (const [response, status, keepsAlive] of [
      [RESPONSE, 200, true],
      [CHUNKED, 502, false],
    ] as const) {
      for (let at = 1; at < response.length; at++) {
        const reader = new ResponseStream();
        const states = statesAfter(reader, RESPONSE, response.slice(0, at), response.slice(at));
        expect(states, `split at ${at}`).to.deep.equal(['complete', 'incomplete', 'complete']);
        expect(reader.message).to.include({ status });
        expect(reader.keepsAlive).to.equal(keepsAlive);
      }
    }
  });

  it('does not take a failure for the response before it, which was as long', () => {
    const reader = new ResponseStream();
    expect(statesAfter(reader, RESPONSE, RESPONSE, RESPONSE.replace('200', '500'))[2]).to.equal('complete');
    expect(reader.message?.status).to.equal(500);
  });

  it('skips interim responses', () => {
    const reader = new ResponseStream();
    expect(statesAfter(reader, 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n', RESPONSE)).to.deep.equal([
      'incomplete',
      'complete',
    ]);
    expect(reader.message?.body).to.equal('abcd');
  });

  it('takes a response without a length for complete when the connection ends, and for the last one', () => {
    const reader = new ResponseStream();
    expect(statesAfter(reader, UNTIL_CLOSE)).to.deep.equal(['incomplete']);
    expect(reader.end()).to.equal('complete');
    expect(reader.message?.body).to.equal('sorry');
    expect(reader.keepsAlive).to.equal(false);
  });

  it('calls a response with a length bad when the connection ends early', () => {
    const reader = new ResponseStream();
    expect(statesAfter(reader, RESPONSE.slice(0, -1))).to.deep.equal(['incomplete']);
    expect([reader.message?.status, reader.end()]).to.deep.equal([200, 'bad']);
  });

  for (const [what, text] of [
    ['is followed by more than it announced', `${RESPONSE}e`],
    ['is no HTTP', 'SSH-2.0-OpenSSH\r\n\r\n'],
    ['has a head without an end', 'x'.repeat(20_000)],
  ] as const) {
    it(`calls a response bad that ${what}`, () => {
      expect(statesAfter(new ResponseStream(), text)).to.deep.equal(['bad']);
    });
  }
});
