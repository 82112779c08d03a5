import { expect } from 'chai';
import { parseResponseHead, ResponseHead } from '../../src/http1/response-head.js';
import { HpackDecoder } from '../../src/http2/hpack-decoder.js';
import { HpackEncoder } from '../../src/http2/hpack-encoder.js';
import { OutputBuffer } from '../../src/http2/output-buffer.js';
import { sendRequestHead, sendResponseHead, sendTrailers } from '../../src/http2/send-head.js';
import { decode, type Pair } from './hpack.js';

/** @returns the fields that `write` has sent */
function sent(write: (encoder: HpackEncoder) => void): readonly Pair[] {
  const out = new OutputBuffer();
  write(new HpackEncoder(out));
  const { fields, flaw } = decode(new HpackDecoder(4_096), out.take());
  expect(flaw).to.equal(undefined);
  return fields;
}

function responseHead(text: string): ResponseHead {
  const head = new ResponseHead();
  const limits = { headBytes: 1_024, fields: 16 };
  const request = { isHead: false, upgrade: false };
  expect(parseResponseHead(text, Buffer.from(text, 'latin1'), limits, request, head)).to.equal('complete');
  return head;
}

function request(text: string, protocol = ''): readonly Pair[] {
  return sent((encoder) => sendRequestHead(text, 'https', protocol, encoder));
}

describe('A response of HTTP/1.1', () => {
  it('is sent without the fields of its connection, with names in lower case', () => {
    const head = responseHead(
      'HTTP/1.1 404 Not Found\r\nContent-Type:  text/plain\t \r\nConnection: x-hop\r\nKeep-Alive: timeout=5\r\n' +
        'X-Hop: 1\r\nTransfer-Encoding: chunked\r\nSet-Cookie: a=\xa0\r\n\r\n',
    );
    expect(sent((encoder) => sendResponseHead(head, 'X-Added: \xe9\r\n', encoder))).to.deep.equal([
      [':status', '404'],
      ['content-type', 'text/plain'],
      ['set-cookie', 'a=\xa0'],
      ['x-added', '\xe9'],
    ]);
  });

  it('is sent without a length when it has no body by its status', () => {
    const head = responseHead('HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n');
    expect(sent((encoder) => sendResponseHead(head, '', encoder))).to.deep.equal([[':status', '204']]);
  });
});

describe('Trailers of HTTP/1.1', () => {
  it('are sent as fields', () => {
    expect(sent((encoder) => sendTrailers('Grpc-Status: 0\r\nA:\r\n', encoder))).to.deep.equal([
      ['grpc-status', '0'],
      ['a', ''],
    ]);
  });
});

describe('A request of HTTP/1.1', () => {
  it('is sent with its Host as the authority', () => {
    const text =
      'POST /a?b HTTP/1.1\r\nAccept: */*\r\nHOST: a.example:8\r\nContent-Length: 3\r\n' +
      'Connection: TE\r\nTE: trailers\r\n\r\n';
    expect(request(text)).to.deep.equal([
      [':method', 'POST'],
      [':scheme', 'https'],
      [':path', '/a?b'],
      [':authority', 'a.example:8'],
      ['accept', '*/*'],
      ['content-length', '3'],
      ['te', 'trailers'],
    ]);
  });

  for (const [target, path] of [
    ['http://b.example', '/'],
    ['http://b.example?x', '/?x'],
    ['HTTP://b.example/y', '/y'],
    ['*', '*'],
  ] as const) {
    it(`has the path ${path} when its target is ${target}`, () => {
      expect(request(`OPTIONS ${target} HTTP/1.1\r\nHost: b.example\r\n\r\n`)[2]).to.deep.equal([':path', path]);
    });
  }

  it('becomes an extended CONNECT when it asks for a WebSocket', () => {
    const text =
      'GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\r\n';
    expect(request(text, 'websocket')).to.deep.equal([
      [':method', 'CONNECT'],
      [':scheme', 'https'],
      [':path', '/chat'],
      [':authority', 'a'],
      [':protocol', 'websocket'],
      ['sec-websocket-version', '13'],
    ]);
  });
});
