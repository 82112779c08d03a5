import { expect } from 'chai';
import { type Answer, AnswerReader } from '../../../bench/fixed-rate/answer-reader.js';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello';
const EMPTY = 'HTTP/1.1 204 No Content\r\n\r\n';
const FAILED = 'HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nbad';

function answersTo(parts: readonly string[]): Answer[] {
  const reader = new AnswerReader();
  return parts.map((part) => reader.take(Buffer.from(part, 'latin1'), part.length));
}

describe('The reader of answers', () => {
  it('sees the end of one answer after the other', () => {
    expect(answersTo([OK, OK, FAILED, EMPTY, OK])).to.deep.equal(['ok', 'ok', 'failed', 'ok', 'ok']);
  });

  it('sees it wherever the bytes are split', () => {
    for (let at = 1; at < OK.length; at++) {
      const answers = answersTo([OK.slice(0, at), OK.slice(at), OK]);
      expect(answers, `split at ${at}`).to.deep.equal(['incomplete', 'ok', 'ok']);
    }
  });

  it('does not take a failure of the usual length for an answer', () => {
    const failure = OK.replace('200', '500');
    expect(answersTo([OK, failure])).to.deep.equal(['ok', 'failed']);
  });

  it('counts an answer with bytes behind it as failed', () => {
    expect(answersTo([`${OK}x`])).to.deep.equal(['failed']);
  });
});
