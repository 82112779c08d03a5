import { expect } from 'chai';
import { forwardResponseHead, type ResponseDelivery } from '../../src/http1/forward-response.js';
import { lines, PLAIN, responseOf } from './heads.js';

const KEEPS: ResponseDelivery = { minorVersion: 1, keepAlive: true, dechunk: false };

function forwarded(text: string, to = KEEPS, request = PLAIN): string {
  return forwardResponseHead(responseOf(text, request), to);
}

describe('A response on its way to the client', () => {
  it('keeps status, reason, and order, case and bytes of its end-to-end fields', () => {
    const text = lines('HTTP/1.1 404 Nope,  \xe9', 'x-B:  2 \t', 'Set-Cookie: a', 'SET-COOKIE:b', 'Content-Length: 3');
    expect(forwarded(`${text}abc`)).to.equal(text);
  });

  it('is HTTP/1.1 even if the backend spoke 1.0', () => {
    const text = lines('HTTP/1.0 200 Fine', 'Content-Length: 3');
    expect(forwarded(text)).to.equal(lines('HTTP/1.1 200 Fine', 'Content-Length: 3'));
  });

  it('has the space that a status line without reason needs (RFC 9112 4)', () => {
    expect(forwarded(lines('HTTP/1.1 200', 'Content-Length: 0'))).to.equal(lines('HTTP/1.1 200 ', 'Content-Length: 0'));
    expect(forwarded(lines('HTTP/1.0 200 ', 'A: b'))).to.equal(lines('HTTP/1.1 200 ', 'A: b'));
  });

  it('loses hop-by-hop fields and what Connection names', () => {
    const text = lines(
      'HTTP/1.1 200 OK',
      'Keep-Alive: timeout=5',
      'A: 1',
      'Connection: keep-alive, X-Hop, Content-Length',
      'Content-Length: 0',
      'x-hop: 1',
      'Proxy-Connection: x',
      'Upgrade: h2',
      'B: 2',
    );
    expect(forwarded(text)).to.equal(lines('HTTP/1.1 200 OK', 'A: 1', 'Content-Length: 0', 'B: 2'));
  });

  it('says when the connection closes, and to a 1.0 client when it stays', () => {
    const text = lines('HTTP/1.1 200 OK', 'Content-Length: 0');
    const said = (to: ResponseDelivery, line: string) =>
      expect(forwarded(text, to)).to.equal(lines('HTTP/1.1 200 OK', 'Content-Length: 0', line));
    said({ minorVersion: 1, keepAlive: false, dechunk: false }, 'Connection: close');
    said({ minorVersion: 0, keepAlive: false, dechunk: false }, 'Connection: close');
    said({ minorVersion: 0, keepAlive: true, dechunk: false }, 'Connection: keep-alive');
  });

  it('keeps its chunks, or loses every word about them', () => {
    const text = lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', 'A: 1', 'Trailer: T');
    expect(forwarded(text)).to.equal(text);
    expect(forwarded(text, { minorVersion: 0, keepAlive: false, dechunk: true })).to.equal(
      lines('HTTP/1.1 200 OK', 'A: 1', 'Connection: close'),
    );
  });

  it('never tells an HTTP/1.0 client of a coding, even without a body', () => {
    const text = lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked');
    const to: ResponseDelivery = { minorVersion: 0, keepAlive: true, dechunk: false };
    expect(forwarded(text, to, { isHead: true, upgrade: false })).to.equal(
      lines('HTTP/1.1 200 OK', 'Connection: keep-alive'),
    );
  });

  it('keeps the length of a body that HEAD and 304 do not send', () => {
    const head = lines('HTTP/1.1 200 OK', 'Content-Length: 5');
    expect(forwarded(head, KEEPS, { isHead: true, upgrade: false })).to.equal(head);
    const notModified = lines('HTTP/1.1 304 Not Modified', 'Content-Length: 5');
    expect(forwarded(notModified)).to.equal(notModified);
  });

  it('has no length where none may be: 204 and 1xx (RFC 9110 8.6)', () => {
    expect(forwarded(lines('HTTP/1.1 204 x', 'Content-Length: 0', 'A: 1'))).to.equal(lines('HTTP/1.1 204 x', 'A: 1'));
    expect(forwarded(lines('HTTP/1.1 103 x', 'Content-Length: 0'))).to.equal(lines('HTTP/1.1 103 x'));
  });

  it('says nothing of the connection while it is interim', () => {
    const text = lines('HTTP/1.1 100 Continue');
    expect(forwarded(text, { minorVersion: 1, keepAlive: false, dechunk: false })).to.equal(text);
  });

  it('keeps the protocol that a 426 demands (RFC 9110 15.5.22)', () => {
    const text = lines('HTTP/1.1 426 x', 'Connection: Upgrade, close', 'Upgrade: websocket', 'Content-Length: 0');
    const kept = ['HTTP/1.1 426 x', 'Upgrade: websocket', 'Content-Length: 0'];
    expect(forwarded(text)).to.equal(lines(...kept, 'Connection: upgrade'));
    const to: ResponseDelivery = { minorVersion: 1, keepAlive: false, dechunk: false };
    expect(forwarded(text, to)).to.equal(lines(...kept, 'Connection: close, upgrade'));
  });

  it('has the lines that are added behind those of the backend, before what is said of the connection', () => {
    const text = lines('HTTP/1.1 200 OK', 'Set-Cookie: own=1', 'Content-Length: 0');
    const to: ResponseDelivery = { minorVersion: 1, keepAlive: false, dechunk: false };
    expect(forwardResponseHead(responseOf(text), to, 'Set-Cookie: rh=2\r\n')).to.equal(
      lines('HTTP/1.1 200 OK', 'Set-Cookie: own=1', 'Content-Length: 0', 'Set-Cookie: rh=2', 'Connection: close'),
    );
  });

  it('switches protocols with both fields that takes', () => {
    const text = lines('HTTP/1.1 101 x', 'Connection: Upgrade', 'upgrade: websocket', 'Sec-WebSocket-Accept: y');
    expect(forwarded(text, KEEPS, { isHead: false, upgrade: true })).to.equal(
      lines('HTTP/1.1 101 x', 'upgrade: websocket', 'Sec-WebSocket-Accept: y', 'Connection: upgrade'),
    );
  });
});
