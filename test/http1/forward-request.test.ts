import { expect } from 'chai';
import { type ClientSide, forwardRequestHead } from '../../src/http1/forward-request.js';
import { lines, requestOf } from './heads.js';

const STRANGER: ClientSide = { address: '192.0.2.7', proto: 'http', trusted: false };
const OUR_PROXY: ClientSide = { address: '10.0.0.1', proto: 'http', trusted: true };
const XFF = ['X-Forwarded-For: 192.0.2.7', 'X-Forwarded-Proto: http', 'X-Forwarded-Host: a'];

function forwarded(text: string, client = STRANGER): string {
  return forwardRequestHead(requestOf(text), client, 'fallback:81');
}

/** What is sent for a GET with `fields`, between Host and the X-Forwarded lines, and behind those. */
function expectFields(fields: readonly string[], kept: readonly string[], added: readonly string[] = []): void {
  const text = lines('GET /x HTTP/1.1', 'Host: a', ...fields);
  expect(forwarded(text)).to.equal(lines('GET /x HTTP/1.1', 'Host: a', ...kept, ...XFF, ...added));
}

describe('A request on its way to a backend', () => {
  it('keeps order, case and bytes of its end-to-end fields', () => {
    const fields = ['x-B:  2 \t', 'ACCEPT: */*', 'X-b:\x80\xff', 'Cookie:', 'accept:text/html'];
    expectFields(fields, fields);
  });

  it('keeps its target byte for byte', () => {
    const text = lines('GET /a/../%2e/"{b}?c=%zz&&d HTTP/1.1', 'Host: a');
    expect(forwarded(text)).to.equal(lines('GET /a/../%2e/"{b}?c=%zz&&d HTTP/1.1', 'Host: a', ...XFF));
  });

  it('leaves the empty line in front and what follows the head behind', () => {
    const text = `\r\n${lines('POST / HTTP/1.1', 'Host: a', 'Content-Length: 4')}body`;
    expect(forwarded(text)).to.equal(lines('POST / HTTP/1.1', 'Host: a', 'Content-Length: 4', ...XFF));
  });

  it('loses hop-by-hop fields wherever they stand (RFC 9110 7.6.1)', () => {
    expectFields(
      [
        'Connection: keep-alive',
        'A: 1',
        'KEEP-ALIVE: timeout=5',
        'proxy-connection: x',
        'B: 2',
        'HTTP2-Settings: y',
        'C: 3',
      ],
      ['A: 1', 'B: 2', 'C: 3'],
    );
  });

  it('loses them behind as many fields as a head may have', () => {
    const many = Array.from({ length: 100 }, (_, i) => `X-${i}: 1`);
    expectFields([...many, 'Keep-Alive: x', 'Connection: X-7'], many.toSpliced(7, 1));
  });

  it('loses what Connection names, in any case and from any of its lines', () => {
    expectFields(
      [
        'x-one: 1',
        'Connection: close, X-One ,,',
        'Kept: k',
        'X-TWO: 2',
        'connection: x-two',
        'X-One: again',
        'X-On: k',
      ],
      ['Kept: k', 'X-On: k'],
    );
  });

  it('loses a field named Close too when Connection says close (RFC 9110 7.6.1)', () => {
    expectFields(['Connection: close', 'Close: x'], []);
  });

  it('keeps framing, routing and forwarding fields that Connection names', () => {
    const named = 'Connection: host, content-length, x-forwarded-for, x-forwarded-host, forwarded, expect, trailer';
    expectFields(['Content-Length: 0', named, 'Trailer: t'], ['Content-Length: 0', 'Trailer: t']);
    expectFields(['Connection: transfer-encoding', 'Transfer-Encoding: chunked'], ['Transfer-Encoding: chunked']);
  });

  it('says its framing in the one spelling that nobody misreads (RFC 9112 11.2)', () => {
    expectFields(['transfer-encoding:\tCHUNKED ', 'A: 1'], ['Transfer-Encoding: chunked', 'A: 1']);
    expectFields(['A: 1', 'content-length:\t010'], ['A: 1', 'Content-Length: 10']);
  });

  it('carries TE on only as far as trailers (RFC 9110 10.1.4)', () => {
    expectFields(['TE: gzip;q=0.5, Trailers', 'Connection: TE'], [], ['Connection: TE', 'TE: trailers']);
    expectFields(['TE: gzip', 'Connection: TE'], []);
  });

  it('carries an upgrade on, with the Connection field that it needs (RFC 9110 7.8)', () => {
    expectFields(
      ['Upgrade: websocket', 'Connection: keep-alive, Upgrade'],
      ['Upgrade: websocket'],
      ['Connection: Upgrade'],
    );
    expectFields(
      ['Upgrade: websocket', 'TE: trailers', 'Connection: Upgrade, TE'],
      ['Upgrade: websocket'],
      ['Connection: Upgrade, TE', 'TE: trailers'],
    );
  });

  it('loses an upgrade that is not carried on', () => {
    expectFields(['Upgrade: websocket'], []);
    expectFields(['Upgrade: h2c', 'Connection: Upgrade, HTTP2-Settings', 'HTTP2-Settings: AAMAAABk'], []);
    expectFields(['Upgrade: H2C/1.0', 'Connection: Upgrade'], []);
    expectFields(['Upgrade: websocket, h2c;x', 'Connection: Upgrade'], []);
  });

  it('says where it came from, whatever a stranger claims', () => {
    expectFields(
      [
        'X-Forwarded-For: 1.1.1.1',
        'Forwarded: for=1.1.1.1',
        'x-forwarded-proto: https',
        'X-Forwarded-Host: evil',
        'X-Forwarded-Port: 443',
        'X_Forwarded_For: 1.1.1.1',
        'X-Forward: kept',
        'x-real-ip: 1.1.1.1',
        'X_Real_Ip: 1.1.1.1',
        'X-Real-Port: 1',
        'X-Client-IP: 1.1.1.1',
        'X-Cluster-Client-IP: 1.1.1.1',
        'X-Scheme: https',
        'X-Real-IPs: kept',
        'X-Schemes: kept',
      ],
      ['X-Forward: kept', 'X-Real-IPs: kept', 'X-Schemes: kept'],
    );
  });

  it('says https when the client spoke TLS', () => {
    const text = lines('GET / HTTP/1.1', 'Host: a');
    expect(forwarded(text, { ...STRANGER, proto: 'https' })).to.contain('\r\nX-Forwarded-Proto: https\r\n');
  });

  it('adds to what a trusted proxy says, in one field', () => {
    const text = lines(
      'GET / HTTP/1.1',
      'Host: a',
      'X-Forwarded-For: 1.1.1.1, 2.2.2.2',
      'X-Forwarded-Proto: https',
      'Forwarded: for=1.1.1.1',
      'x-forwarded-for: 3.3.3.3',
      'X-Forwarded-For: ',
      'X-Forwarded-Host: shop.example',
      'X-Forwarded-Port: 443',
      'X-Real-IP: 1.1.1.1',
    );
    expect(forwarded(text, OUR_PROXY)).to.equal(
      lines(
        'GET / HTTP/1.1',
        'Host: a',
        'X-Forwarded-Proto: https',
        'Forwarded: for=1.1.1.1',
        'X-Forwarded-Host: shop.example',
        'X-Forwarded-Port: 443',
        'X-Real-IP: 1.1.1.1',
        'X-Forwarded-For: 1.1.1.1, 2.2.2.2, 3.3.3.3, 10.0.0.1',
      ),
    );
  });

  it('says itself what a trusted proxy leaves out', () => {
    const text = lines('GET / HTTP/1.1', 'Host: a');
    const added = ['X-Forwarded-For: 10.0.0.1', 'X-Forwarded-Proto: http', 'X-Forwarded-Host: a'];
    expect(forwarded(text, OUR_PROXY)).to.equal(lines('GET / HTTP/1.1', 'Host: a', ...added));
  });

  it('has the authority of an absolute target as its Host (RFC 9112 3.2.2)', () => {
    const text = lines('GET http://b:81/x HTTP/1.1', 'A: 1', 'host:  a ', 'B: 2');
    const host = ['X-Forwarded-For: 192.0.2.7', 'X-Forwarded-Proto: http', 'X-Forwarded-Host: b:81'];
    const start = ['GET http://b:81/x HTTP/1.1', 'A: 1', 'host:  b:81 ', 'B: 2'];
    expect(forwarded(text)).to.equal(lines(...start, ...host));
  });

  it('is HTTP/1.1 even if the client spoke 1.0, without what 1.0 does not know', () => {
    const text = lines(
      'POST /x HTTP/1.0',
      'A: 1',
      'Expect: 100-continue',
      'Host: a',
      'TE: trailers',
      'Content-Length: 1',
    );
    expect(forwarded(text)).to.equal(lines('POST /x HTTP/1.1', 'A: 1', 'Host: a', 'Content-Length: 1', ...XFF));
  });

  it('has the fallback as its Host when an HTTP/1.0 client names none', () => {
    expect(forwarded(lines('GET /x HTTP/1.0'))).to.equal(
      lines('GET /x HTTP/1.1', 'Host: fallback:81', ...XFF.slice(0, 2)),
    );
  });

  it('has the target as its Host when an HTTP/1.0 client names it there', () => {
    expect(forwarded(lines('GET http://b/ HTTP/1.0')))
      .to.contain('\r\nHost: b\r\n')
      .and.not.contain('fallback');
  });

  it('is the same when it is built again for a retry', () => {
    const text = lines('GET / HTTP/1.1', 'Host: a', 'Connection: x', 'X: 1');
    const head = requestOf(text);
    const first = forwardRequestHead(head, STRANGER, '');
    expect(forwardRequestHead(head, STRANGER, '')).to.equal(first);
    expect(first).to.equal(lines('GET / HTTP/1.1', 'Host: a', ...XFF));
  });
});
