import { expect } from 'chai';
import { type Reading, readRequest, readResponse } from '../../../bench/http/message.js';

const whole = { toHead: false, ended: false };

/** What the reading came to, with the body where there is one. */
function told(reading: Reading): string {
  if (reading.kind === 'message') return `${reading.message.framing} "${reading.message.body}" + "${reading.rest}"`;
  return reading.kind === 'unreadable' ? reading.kind : `${reading.kind}${reading.head === undefined ? '' : ' body'}`;
}

function post(fields: string, body: string): string {
  return told(readRequest(`POST / HTTP/1.1\r\nHost: a\r\n${fields}\r\n${body}`));
}

describe('The strict reader that judges proxies', () => {
  it('finds where a request ends', () => {
    expect(post('', 'GET')).to.equal('none "" + "GET"');
    expect(post('Content-Length: 3\r\n', 'abcGET')).to.equal('length "abc" + "GET"');
    expect(post('Transfer-Encoding: chunked\r\n', '1;x\r\na\r\n2\r\nbc\r\n0\r\nT: 1\r\n\r\nGET')).to.equal(
      'chunked "abc" + "GET"',
    );
  });

  it('waits for what is missing', () => {
    expect(told(readRequest('POST / HTTP/1.1\r\nHost: a\r\n'))).to.equal('incomplete');
    expect(post('Content-Length: 3\r\n', 'ab')).to.equal('incomplete body');
    for (const body of ['', '3', '3\r', '3\r\nab', '3\r\nabc\r', '3\r\nabc\r\n0\r\n', '0\r\nT: 1\r\n']) {
      expect(post('Transfer-Encoding: chunked\r\n', body), body).to.equal('incomplete body');
    }
  });

  for (const [what, text] of [
    ['a bare LF', 'GET / HTTP/1.1\nHost: a\r\n\r\n'],
    ['a bare LF at the end', 'GET / HTTP/1.1\r\nHost: a\n\n'],
    ['a bare CR', 'GET / HTTP/1.1\r\nHost: a\rb: c\r\n\r\n'],
    ['a NUL', 'GET / HTTP/1.1\r\nHost: a\0\r\n\r\n'],
    ['two spaces', 'GET  / HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['another version', 'GET / HTTP/1.2\r\nHost: a\r\n\r\n'],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n'],
    ['two Hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n'],
    ['a folded line', 'GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n'],
    ['a space before the colon', 'GET / HTTP/1.1\r\nHost : a\r\n\r\n'],
    ['both framings', 'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['two lengths', 'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n'],
    ['a signed length', 'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n'],
    ['another coding', 'GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n'],
    ['a coding in HTTP/1.0', 'GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ] as const) {
    it(`refuses a request with ${what}`, () => {
      expect(told(readRequest(text))).to.equal('unreadable');
    });
  }

  for (const body of ['\r\n', 'x\r\n', '3\nabc\r\n', '3\r\nabcd', '3\r\nabc\n', '3;\n\r\n', '0\r\nT : 1\r\n\r\n']) {
    it(`refuses the chunks ${JSON.stringify(body)}`, () => {
      expect(post('Transfer-Encoding: chunked\r\n', body)).to.equal('unreadable');
    });
  }

  it('knows which responses have no body, and which end with the connection', () => {
    const fields = 'Content-Length: 3\r\n\r\n';
    expect(told(readResponse(`HTTP/1.1 200 OK\r\n${fields}abcd`, whole))).to.equal('length "abc" + "d"');
    expect(told(readResponse(`HTTP/1.1 200 OK\r\n${fields}`, { ...whole, toHead: true }))).to.equal('none "" + ""');
    expect(told(readResponse(`HTTP/1.1 304 x\r\n${fields}H`, whole))).to.equal('none "" + "H"');
    expect(told(readResponse('HTTP/1.1 103 x\r\n\r\nH', whole))).to.equal('none "" + "H"');
    expect(told(readResponse('HTTP/1.1 200 OK\r\n\r\nabc', whole))).to.equal('incomplete body');
    expect(told(readResponse('HTTP/1.1 200 OK\r\n\r\nabc', { ...whole, ended: true }))).to.equal('close "abc" + ""');
  });
});
