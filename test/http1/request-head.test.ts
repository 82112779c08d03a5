import { expect } from 'chai';
import { parseRequestHead, RequestHead } from '../../src/http1/request-head.js';
import { bytesOf, expectSameForPrefixes, LIMITS, lines, named, requestOf } from './heads.js';

const HOST = 'Host: a';
const get = (...fields: readonly string[]): string => lines('GET / HTTP/1.1', HOST, ...fields);
const post = (...fields: readonly string[]): string => lines('POST / HTTP/1.1', HOST, ...fields);

type Said = Partial<RequestHead>;

const ACCEPTED: readonly (readonly [name: string, text: string, says: Said])[] = [
  ['9112 3: the plainest request', get(), { method: 'GET', target: '/', minorVersion: 1, host: 'a', length: 27 }],
  ['9112 2.2: one empty line in front', `\r\n${get()}`, { method: 'GET', length: 29 }],
  ['9110 9.1: a method nobody has registered', lines('Fly! / HTTP/1.1', HOST), { method: 'Fly!', idempotent: false }],
  ['9110 9.1: methods are case-sensitive', lines('get / HTTP/1.1', HOST), { method: 'get', idempotent: false }],
  ['the longest method that is read', lines(`${'M'.repeat(32)} / HTTP/1.1`, HOST), { method: 'M'.repeat(32) }],
  ['9110 9.2.2: HEAD is idempotent', lines('HEAD / HTTP/1.1', HOST), { idempotent: true }],
  ['9110 9.2.2: PUT is idempotent', lines('PUT / HTTP/1.1', HOST), { idempotent: true }],
  ['9110 9.2.2: DELETE is idempotent', lines('DELETE / HTTP/1.1', HOST), { idempotent: true }],
  ['9110 9.2.2: TRACE is idempotent', lines('TRACE / HTTP/1.1', HOST), { idempotent: true }],
  ['9110 9.2.2: POST is not', post(), { idempotent: false }],
  ['9110 9.2.2: PATCH is not', lines('PATCH / HTTP/1.1', HOST), { idempotent: false }],
  ['9112 3.2.1: every visible byte in the path', lines('GET /a"<>[]\\^`{|}~?x=y?%00 HTTP/1.1', HOST), {}],
  ['9112 3.2.4: * for OPTIONS', lines('OPTIONS * HTTP/1.1', HOST), { target: '*', idempotent: true }],
  ['9112 3.2.2: the target beats Host', lines('GET http://b:81/x HTTP/1.1', HOST), { host: 'b:81' }],
  ['9112 3.2.2: https and no path', lines('GET HTTPS://b?q HTTP/1.1', HOST), { host: 'b', target: 'HTTPS://b?q' }],
  ['9112 3.2.2: 1.0, absolute, no Host', lines('GET http://b HTTP/1.0'), { host: 'b', hasHost: false }],
  ['9112 9.3: 1.0 closes', lines('GET / HTTP/1.0'), { minorVersion: 0, keepAlive: false, host: '' }],
  ['9112 9.3: 1.0 that asks', lines('GET / HTTP/1.0', 'Connection: Keep-Alive'), { keepAlive: true }],
  ['9112 9.3: 1.1 keeps', get(), { keepAlive: true }],
  ['9112 9.3: 1.1 that closes', get('connection: CLOSE'), { keepAlive: false }],
  ['9112 9.3: close wins', get('Connection: keep-alive', 'Connection: x, close'), { keepAlive: false }],
  ['9110 2.5: a higher minor version is 1.1', lines('GET / HTTP/1.7', HOST), { minorVersion: 1, keepAlive: true }],
  ['9112 5: no space after the colon, none needed', lines('GET / HTTP/1.1', 'Host:a'), { host: 'a' }],
  ['9112 5: blanks around the value', lines('GET / HTTP/1.1', 'hOsT: \t a \t'), { host: 'a' }],
  ['9110 5.5: an empty value', get('X:', 'Y: \t '), {}],
  ['9110 5.5: obs-text and HTAB in a value', get('X: \x80\xff\tz'), {}],
  ['9110 5.6.2: every token character in a name', get("!#$%&'*+-.^_`|~09azAZ: 1"), {}],
  ['9110 7.2: Host with port', lines('GET / HTTP/1.1', 'Host: a.example:8080'), { host: 'a.example:8080' }],
  ['3986 3.2.3: Host with an empty port', lines('GET / HTTP/1.1', 'Host: a:'), { host: 'a:' }],
  [
    '1035 2.3.4: the longest label',
    lines('GET / HTTP/1.1', `Host: ${'a'.repeat(63)}.b`),
    { host: `${'a'.repeat(63)}.b` },
  ],
  [
    '1035 2.3.4: the longest name',
    lines('GET / HTTP/1.1', `Host: ${'a.'.repeat(126)}b`),
    { host: `${'a.'.repeat(126)}b` },
  ],
  ['1034 3.1: a final dot', lines('GET / HTTP/1.1', `Host: ${'a.'.repeat(126)}b.:80`), {}],
  ['3986 3.2.2: Host is IPv6', lines('GET / HTTP/1.1', 'Host: [::1]:80'), { host: '[::1]:80' }],
  ['9112 6.3: no body', get(), { framing: 'none', contentLength: 0 }],
  ['9112 6.2: a length', post('Content-Length: 12'), { framing: 'length', contentLength: 12 }],
  ['9112 6.2: length zero', post('Content-Length: 0'), { framing: 'length', contentLength: 0 }],
  ['9112 6.2: the largest length', post('content-length: 9007199254740991'), { contentLength: 9_007_199_254_740_991 }],
  ['9112 6.1: chunked', post('Transfer-Encoding: chunked'), { framing: 'chunked', contentLength: 0 }],
  ['9112 7: codings ignore case', post('TRANSFER-ENCODING: ChunKed'), { framing: 'chunked' }],
  ['9110 9.3.1: GET with a body', get('Content-Length: 3'), { framing: 'length', contentLength: 3 }],
  ['9110 10.1.1: 100-continue', post('Expect: 100-Continue'), { expectContinue: true }],
  ['9110 10.1.1: other expectations pass', post('Expect: wonders'), { expectContinue: false }],
  ['9110 10.1.1: not in 1.0', lines('POST / HTTP/1.0', 'Expect: 100-continue'), { expectContinue: false }],
  ['9110 7.8: Upgrade', get('Connection: x, Upgrade', 'Upgrade: websocket'), { upgrade: true }],
  [
    '9110 7.8: Upgrade with an empty body',
    post('Connection: upgrade', 'Upgrade: tcp', 'Content-Length: 0'),
    { upgrade: true },
  ],
  ['9110 7.8: not without Connection', get('Upgrade: websocket'), { upgrade: false }],
  ['9110 7.8: not without Upgrade', get('Connection: upgrade'), { upgrade: false }],
  ['9110 7.8: not with an empty Upgrade', get('Connection: upgrade', 'Upgrade: ,'), { upgrade: false }],
  ['9110 7.8: not with a body', post('Connection: upgrade', 'Upgrade: x', 'Content-Length: 1'), { upgrade: false }],
  ['9110 7.8: not in 1.0', lines('GET / HTTP/1.0', 'Connection: upgrade', 'Upgrade: x'), { upgrade: false }],
  ['9113 3.1: never h2c', get('Connection: upgrade', 'Upgrade: websocket, H2C'), { upgrade: false }],
  ['as many fields as are allowed', get(...Array.from({ length: 127 }, (_, i) => `X-${i}: 1`)), {}],
  ['a head of exactly the allowed size', get(`X: ${'x'.repeat(16_384 - 32)}`), { length: 16_384 }],
];

const REFUSED: readonly (readonly [name: string, text: string, fault: string])[] = [
  ['9112 2.2: two empty lines in front', `\r\n${lines('', get())}`, '400 bad-method'],
  ['9112 2.2: an LF in front', `\n${get()}`, '400 bare-lf'],
  ['9112 2.2: a CR in front', `\r${get()}`, '400 bare-cr'],
  ['9112 3: a space in front', ` ${get()}`, '400 bad-method'],
  ['9110 9.1: a method that is no token', lines('G@T / HTTP/1.1', HOST), '400 bad-method'],
  ['9110 9.1: a method and a tab', lines('GET\t/ HTTP/1.1', HOST), '400 bad-method'],
  ['9112 3: a method that is too long', lines(`${'M'.repeat(33)} / HTTP/1.1`, HOST), '501 method-too-long'],
  ['9110 9.3.6: CONNECT', lines('CONNECT a:443 HTTP/1.1', HOST), '405 connect-not-allowed'],
  ['9112 3: TLS on the wrong port', '\x16\x03\x01\x02\x00\x01', '400 bad-method'],
  ['9112 3: two spaces before the target', lines('GET  / HTTP/1.1', HOST), '400 bad-request-line'],
  ['9112 3: two spaces before the version', lines('GET /  HTTP/1.1', HOST), '400 bad-version'],
  ['9112 3: a tab before the version', lines('GET /\tHTTP/1.1', HOST), '400 bad-request-line'],
  ['9112 3: a space behind the version', lines('GET / HTTP/1.1 ', HOST), '400 bad-version'],
  ['9112 3: no version (HTTP/0.9)', 'GET /\r\n', '400 bad-request-line'],
  ['9112 3.2: a fragment', lines('GET /#a HTTP/1.1', HOST), '400 bad-target'],
  ['9112 3.2: a byte above ASCII', lines('GET /\xe9 HTTP/1.1', HOST), '400 bad-target'],
  ['9112 3.2: NUL', lines('GET /\0 HTTP/1.1', HOST), '400 bad-target'],
  ['9112 3.2: DEL', lines('GET /\x7f HTTP/1.1', HOST), '400 bad-target'],
  ['9112 3.2: no leading slash', lines('GET a HTTP/1.1', HOST), '400 bad-target'],
  ['9112 3.2.2: another scheme', lines('GET ftp://a/ HTTP/1.1', HOST), '400 bad-target'],
  ['9112 3.2.2: no authority', lines('GET http:///a HTTP/1.1', HOST), '400 bad-target'],
  ['9112 3.2.2: a scheme and nothing else', lines('GET http:// HTTP/1.1', HOST), '400 bad-target'],
  ['9110 4.2.4: user information', lines('GET http://u@a/ HTTP/1.1', HOST), '400 bad-target'],
  ['1035 2.3.4: a label that is too long', lines('GET / HTTP/1.1', `Host: ${'a'.repeat(64)}.b`), '400 bad-host'],
  [
    '1035 2.3.4: a last label that is too long',
    lines('GET / HTTP/1.1', `Host: b.${'a'.repeat(64)}:80`),
    '400 bad-host',
  ],
  ['1035 2.3.4: a name that is too long', lines('GET / HTTP/1.1', `Host: ${'a.'.repeat(126)}bc`), '400 bad-host'],
  ['1035 2.3.4: the same in a URL', lines(`GET http://${'a.'.repeat(126)}bc/ HTTP/1.1`, HOST), '400 bad-target'],
  ['1034 3.1: an empty label', lines('GET / HTTP/1.1', 'Host: a..b'), '400 bad-host'],
  ['1034 3.1: a dot in front', lines('GET / HTTP/1.1', 'Host: .b'), '400 bad-host'],
  ['1034 3.1: two final dots', lines('GET / HTTP/1.1', 'Host: b..'), '400 bad-host'],
  ['1034 3.1: nothing but a dot', lines('GET / HTTP/1.1', 'Host: .'), '400 bad-host'],
  ['9112 3.2.3: authority-form', lines('GET a:443 HTTP/1.1', HOST), '400 bad-target'],
  ['9112 3.2.4: * for GET', lines('GET * HTTP/1.1', HOST), '400 bad-target'],
  ['9112 3.2.4: ** for OPTIONS', lines('OPTIONS ** HTTP/1.1', HOST), '400 bad-target'],
  ['9112 2.3: another major version', lines('GET / HTTP/2.0', HOST), '505 version-not-supported'],
  ['9112 2.3: HTTP/0.9 by name', lines('GET / HTTP/0.9', HOST), '505 version-not-supported'],
  ['9113 3.4: the HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '505 version-not-supported'],
  ['9112 2.3: lower case', lines('GET / http/1.1', HOST), '400 bad-version'],
  ['9112 2.3: two minor digits', lines('GET / HTTP/1.10', HOST), '400 bad-version'],
  ['9112 2.3: no minor version', lines('GET / HTTP/1', HOST), '400 bad-version'],
  ['9112 2.3: another protocol', lines('GET / RTSP/1.0', HOST), '400 bad-version'],
  ['9112 2.2: LF behind the version', 'GET / HTTP/1.1\nHost: a\n\n', '400 bare-lf'],
  ['9112 2.2: LF behind a field', 'GET / HTTP/1.1\r\nHost: a\n\r\n', '400 bare-lf'],
  ['9112 2.2: LF LF ends nothing', 'GET / HTTP/1.1\r\nHost: a\r\n\n', '400 bare-lf'],
  ['9112 2.2: LF in a name', get('X\nY: 1'), '400 bare-lf'],
  ['9112 2.2: CR in a value', get('X: 1\r2'), '400 bare-cr'],
  ['9112 2.2: CR CR LF', get('X: 1\r'), '400 bare-cr'],
  ['9112 2.2: CR in place of the empty line', 'GET / HTTP/1.1\r\nHost: a\r\n\rX', '400 bare-cr'],
  ['9110 5.5: NUL in a value', get('X: \0'), '400 bad-byte'],
  ['9110 5.5: a control character in a value', get('X: \x0b'), '400 bad-byte'],
  ['9110 5.5: DEL in a value', get('X: \x7f'), '400 bad-byte'],
  ['9112 5.2: a folded line', get('X: 1', ' 2'), '400 line-folding'],
  ['9112 2.2: a folded first line', lines('GET / HTTP/1.1', '\tX: 1', HOST), '400 line-folding'],
  ['9112 5.1: a space before the colon', get('X : 1'), '400 space-before-colon'],
  ['9112 5.1: a tab before the colon', get('Content-Length\t: 1'), '400 space-before-colon'],
  ['9110 5.1: an empty name', get(': 1'), '400 bad-field-name'],
  ['9110 5.1: a name that is no token', get('X(Y): 1'), '400 bad-field-name'],
  ['9110 5.1: a name above ASCII', get('\xc3\xa9: 1'), '400 bad-field-name'],
  ['9110 5.1: a NUL in a name', get('X\0: 1'), '400 bad-field-name'],
  ['9110 5.1: no colon', get('X'), '400 bad-field-name'],
  ['9112 3.2: no Host', lines('GET / HTTP/1.1'), '400 missing-host'],
  ['9112 3.2: absolute-form and no Host', lines('GET http://a/ HTTP/1.1'), '400 missing-host'],
  ['9112 3.2: Host twice', get('host: a'), '400 repeated-host'],
  ['9112 3.2: Host twice in 1.0', lines('GET / HTTP/1.0', HOST, 'Host: b'), '400 repeated-host'],
  ['9112 3.2: an empty Host', lines('GET / HTTP/1.1', 'Host: '), '400 bad-host'],
  ['9110 7.2: a list', lines('GET / HTTP/1.1', 'Host: a, b'), '400 bad-host'],
  ['9110 7.2: user information', lines('GET / HTTP/1.1', 'Host: u@a'), '400 bad-host'],
  ['9110 7.2: a path', lines('GET / HTTP/1.1', 'Host: a/b'), '400 bad-host'],
  ['9110 7.2: a space', lines('GET / HTTP/1.1', 'Host: a b'), '400 bad-host'],
  ['3986 3.2.3: a port that is no number', lines('GET / HTTP/1.1', 'Host: a:8o'), '400 bad-host'],
  ['3986 3.2.3: a port that is too large', lines('GET / HTTP/1.1', 'Host: a:65536'), '400 bad-host'],
  ['3986 3.2.3: two ports', lines('GET / HTTP/1.1', 'Host: a:1:2'), '400 bad-host'],
  ['3986 3.2.2: only a port', lines('GET / HTTP/1.1', 'Host: :80'), '400 bad-host'],
  ['3986 3.2.2: IPv6 without brackets', lines('GET / HTTP/1.1', 'Host: ::1'), '400 bad-host'],
  ['3986 3.2.2: an unfinished bracket', lines('GET / HTTP/1.1', 'Host: [::1'), '400 bad-host'],
  ['3986 3.2.2: no IPv6 address in the brackets', lines('GET / HTTP/1.1', 'Host: [a]'), '400 bad-host'],
  ['9110 4.2: an IPv6 zone', lines('GET / HTTP/1.1', 'Host: [fe80::1%eth0]'), '400 bad-host'],
  ['3986 3.2.2: something behind the bracket', lines('GET / HTTP/1.1', 'Host: [::1]a'), '400 bad-host'],
  ['9112 6.3: an empty Content-Length', post('Content-Length:'), '400 bad-content-length'],
  ['9112 6.3: a signed Content-Length', post('Content-Length: +1'), '400 bad-content-length'],
  ['9112 6.3: a negative Content-Length', post('Content-Length: -1'), '400 bad-content-length'],
  ['9112 6.3: a hexadecimal Content-Length', post('Content-Length: 0x1'), '400 bad-content-length'],
  ['9112 6.3: a Content-Length with a space in it', post('Content-Length: 1 2'), '400 bad-content-length'],
  ['9112 6.3: a Content-Length list', post('Content-Length: 1, 1'), '400 bad-content-length'],
  ['9112 6.3: a Content-Length of 2^53', post('Content-Length: 9007199254740992'), '400 bad-content-length'],
  ['9110 5.6.3: a tab behind a Content-Length', post('Content-Length: 1 \t'), '400 bad-content-length'],
  ['9110 5.6.3: a tab behind chunked', post('Transfer-Encoding: chunked\t'), '400 bad-transfer-encoding'],
  ['9112 6.3: 17 digits', post('Content-Length: 00000000000000001'), '400 bad-content-length'],
  ['9112 6.3: Content-Length twice', post('Content-Length: 1', 'Content-Length: 1'), '400 repeated-content-length'],
  ['9112 6.1: both, length first', post('Content-Length: 1', 'Transfer-Encoding: chunked'), '400 length-and-encoding'],
  ['9112 6.1: both, chunked first', post('Transfer-Encoding: chunked', 'Content-Length: 1'), '400 length-and-encoding'],
  ['9112 6.1: chunked twice', post('Transfer-Encoding: chunked, chunked'), '400 bad-transfer-encoding'],
  [
    '9112 6.1: two fields',
    post('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'),
    '400 repeated-transfer-encoding',
  ],
  ['9112 6.1: another coding before chunked', post('Transfer-Encoding: gzip, chunked'), '400 bad-transfer-encoding'],
  ['9112 6.3: chunked not last', post('Transfer-Encoding: chunked, identity'), '400 bad-transfer-encoding'],
  ['9112 6.1: identity', post('Transfer-Encoding: identity'), '400 bad-transfer-encoding'],
  ['9112 7: a parameter', post('Transfer-Encoding: chunked;a=b'), '400 bad-transfer-encoding'],
  ['9112 6.1: an empty coding', post('Transfer-Encoding:'), '400 bad-transfer-encoding'],
  ['9112 6.1: a vertical tab', post('Transfer-Encoding: \x0bchunked'), '400 bad-byte'],
  ['9112 6.1: in HTTP/1.0', lines('POST / HTTP/1.0', 'Transfer-Encoding: chunked'), '400 transfer-encoding-in-1.0'],
  ['9110 7.6.1: a Connection list without end', get(`Connection: ${'a,'.repeat(33)}`), '400 bad-connection'],
  ['6585 5: one field too many', get(...Array.from({ length: 128 }, (_, i) => `X-${i}: 1`)), '431 too-many-fields'],
  ['6585 5: one byte too many', get(`X: ${'x'.repeat(16_384 - 31)}`), '431 head-too-large'],
  ['9112 3: a target without end', `GET /${'x'.repeat(20_000)}`, '414 target-too-long'],
];

function parse(text: string): ReturnType<typeof parseRequestHead> {
  return parseRequestHead(text, bytesOf(text), LIMITS, new RequestHead());
}

describe('A request head', () => {
  for (const [name, text, says] of ACCEPTED) {
    it(`is read: ${name}`, () => {
      expect(requestOf(text)).to.include(says);
    });
  }
  for (const [name, text, fault] of REFUSED) {
    it(`is refused: ${name}`, () => {
      expect(named(parse(text))).to.equal(fault);
    });
  }

  it('says the same however much of it has arrived', () => {
    for (const [, text] of [...ACCEPTED, ...REFUSED]) {
      if (text.length > 2_000) continue;
      const head = new RequestHead();
      const body = parseRequestHead(text, bytesOf(text), LIMITS, head) === 'complete' ? 'GET / HTTP/9.9 body\0' : '';
      expectSameForPrefixes(text + body, parse, head.length);
    }
  });

  it('is refused for its size at the limit, no earlier and no later', () => {
    const limits = { headBytes: 64, fields: 8 };
    const text = get(`X: ${'x'.repeat(100)}`);
    const parseSmall = (part: string): string =>
      named(parseRequestHead(part, bytesOf(part), limits, new RequestHead()));
    expect(parseSmall(text.slice(0, 63))).to.equal('incomplete');
    expect(parseSmall(text.slice(0, 64))).to.equal('431 head-too-large');
    expect(parseSmall(text)).to.equal('431 head-too-large');
  });

  it('means the same to a head object that was used before', () => {
    const reused = new RequestHead();
    for (const [, text] of [...ACCEPTED, ...REFUSED, ...ACCEPTED]) {
      if (parseRequestHead(text, bytesOf(text), LIMITS, reused) !== 'complete') continue;
      const { fields, ...said } = reused;
      expect(requestOf(text)).to.deep.include(said);
      expect(fields.count).to.equal(requestOf(text).fields.count);
    }
  });

  it('is never quoted in what the client is told, so a fault is one shared constant', () => {
    const fault = parse(get('X : 1'));
    expect(fault).to.equal(parse(get('Other : 2')));
    expect(fault).to.be.frozen;
  });
});
