import { expect } from 'chai';
import { parseResponseHead, type ResponseContext, ResponseHead } from '../../src/http1/response-head.js';
import { bytesOf, expectSameForPrefixes, LIMITS, lines, named, PLAIN, responseOf } from './heads.js';

const HEAD: ResponseContext = { isHead: true, upgrade: false };
const UPGRADE: ResponseContext = { isHead: false, upgrade: true };
const ok = (...fields: readonly string[]): string => lines('HTTP/1.1 200 OK', ...fields);

type Said = Partial<ResponseHead>;

const ACCEPTED: readonly (readonly [name: string, text: string, says: Said, request?: ResponseContext])[] = [
  ['9112 4: the plainest response', ok('Content-Length: 2'), { status: 200, minorVersion: 1, contentLength: 2 }],
  ['9112 4: no reason', lines('HTTP/1.1 200 '), { status: 200 }],
  ['9112 4: no reason and no space', lines('HTTP/1.1 200'), { status: 200 }],
  ['9112 4: any byte of text in the reason', lines('HTTP/1.1 404 N\xf6t  f\tound'), { status: 404 }],
  ['9110 15: the lowest status', lines('HTTP/1.1 100 Continue'), { status: 100, interim: true, framing: 'none' }],
  ['9110 15: the highest status', lines('HTTP/1.1 599 x'), { status: 599, interim: false }],
  ['8297: early hints', lines('HTTP/1.1 103 Early Hints', 'Link: </a>'), { interim: true, switching: false }],
  [
    '9110 15.2.2: 101',
    lines('HTTP/1.1 101 x', 'Upgrade: y'),
    { switching: true, interim: false, framing: 'none' },
    UPGRADE,
  ],
  ['9112 6.3: HEAD has no body', ok('Content-Length: 9'), { framing: 'none', contentLength: 0, keepAlive: true }, HEAD],
  ['9112 6.3: HEAD has no chunks', ok('Transfer-Encoding: chunked'), { framing: 'none', keepAlive: true }, HEAD],
  ['9112 6.3: HEAD without framing', ok(), { framing: 'none', keepAlive: true }, HEAD],
  ['9112 6.3: 204', lines('HTTP/1.1 204 x', 'Content-Length: 5'), { framing: 'none', contentLength: 0 }],
  ['9112 6.3: 304', lines('HTTP/1.1 304 x', 'Content-Length: 5'), { framing: 'none', contentLength: 0 }],
  ['9112 6.1: 304 may tell its coding', lines('HTTP/1.1 304 x', 'Transfer-Encoding: chunked'), { framing: 'none' }],
  ['9112 6.3: chunked', ok('transfer-encoding: CHUNKED'), { framing: 'chunked', contentLength: 0, keepAlive: true }],
  ['9112 6.3: length zero', ok('Content-Length: 0'), { framing: 'length', contentLength: 0, keepAlive: true }],
  ['9112 6.3: until close', ok(), { framing: 'close', keepAlive: false }],
  ['9112 6.3: until close, whatever it says', ok('Connection: keep-alive'), { framing: 'close', keepAlive: false }],
  ['9112 9.3: close', ok('Content-Length: 0', 'Connection: a, Close'), { keepAlive: false }],
  ['9112 9.3: 1.0', lines('HTTP/1.0 200 OK', 'Content-Length: 0'), { minorVersion: 0, keepAlive: false }],
  ['9112 9.3: 1.0 keeps', lines('HTTP/1.0 200 OK', 'Content-Length: 0', 'Connection: keep-alive'), { keepAlive: true }],
  ['Keep-Alive', ok('Keep-Alive: timeout=5, max=100'), { keepAliveTimeoutMs: 5_000 }],
  ['Keep-Alive in another order', ok('keep-alive: max=100 ,Timeout=60'), { keepAliveTimeoutMs: 60_000 }],
  ['Keep-Alive: absent', ok(), { keepAliveTimeoutMs: 0 }],
  ['Keep-Alive: no number', ok('Keep-Alive: timeout=5s'), { keepAliveTimeoutMs: 0 }],
  ['Keep-Alive: negative', ok('Keep-Alive: timeout=-1'), { keepAliveTimeoutMs: 0 }],
  ['Keep-Alive: empty', ok('Keep-Alive: timeout='), { keepAliveTimeoutMs: 0 }],
  ['Keep-Alive: far too long', ok('Keep-Alive: timeout=9999999999'), { keepAliveTimeoutMs: 0 }],
  [
    'the same length twice (9112 6.3)',
    ok('Content-Length: 1', 'X-A: b', 'Content-Length: 1', 'content-length: 1'),
    { framing: 'length', contentLength: 1, keepAlive: true },
  ],
  [
    'a 204 with a coding, behind which the connection ends (9112 6.1)',
    lines('HTTP/1.1 204 x', 'Transfer-Encoding: chunked'),
    { framing: 'none', keepAlive: false },
  ],
];

const REFUSED: readonly (readonly [name: string, text: string, fault: string, request?: ResponseContext])[] = [
  ['9112 2.2: an empty line in front', `\r\n${ok()}`, 'bad-version'],
  ['9112 4: no HTTP at all', 'SSH-2.0-OpenSSH', 'bad-version'],
  ['9112 2.3: another major version', lines('HTTP/2.0 200 OK'), 'bad-version'],
  ['9112 2.3: a higher minor version', lines('HTTP/1.2 200 OK'), 'bad-version'],
  ['9112 4: two spaces', lines('HTTP/1.1  200 OK'), 'bad-status'],
  ['9112 4: two digits', lines('HTTP/1.1 20 OK'), 'bad-status'],
  ['9112 4: four digits', lines('HTTP/1.1 2000 OK'), 'bad-status'],
  ['9112 4: a tab behind the status', lines('HTTP/1.1 200\tOK'), 'bad-status'],
  ['9110 15: below 100', lines('HTTP/1.1 099 OK'), 'bad-status'],
  ['9110 15: above 599', lines('HTTP/1.1 600 OK'), 'bad-status'],
  ['9112 4: NUL in the reason', lines('HTTP/1.1 200 O\0K'), 'bad-byte'],
  ['9112 2.2: LF behind the reason', 'HTTP/1.1 200 OK\nA: b\r\n\r\n', 'bare-lf'],
  ['9112 2.2: CR in the reason', lines('HTTP/1.1 200 O\rK'), 'bare-cr'],
  ['9112 5.2: a folded line', ok('A: b', ' c'), 'line-folding'],
  ['9112 5.1: a space before the colon', ok('A : b'), 'space-before-colon'],
  ['9110 5.1: an empty name', ok(': b'), 'bad-field-name'],
  ['9112 6.3: both', ok('Content-Length: 1', 'Transfer-Encoding: chunked'), 'length-and-encoding'],
  ['9112 6.3: differing lengths', ok('Content-Length: 1', 'Content-Length: 2'), 'repeated-content-length'],
  ['9112 6.3: one length in two spellings', ok('Content-Length: 1', 'Content-Length: 01'), 'repeated-content-length'],
  ['9112 6.3: a malformed length', ok('Content-Length: 1x'), 'bad-content-length'],
  ['9112 6.3: a malformed length for HEAD', ok('Content-Length: 1x'), 'bad-content-length', HEAD],
  ['9112 6.3: another coding', ok('Transfer-Encoding: gzip, chunked'), 'bad-transfer-encoding'],
  ['9112 6.1: in HTTP/1.0', lines('HTTP/1.0 200 OK', 'Transfer-Encoding: chunked'), 'transfer-encoding-in-1.0'],
  ['9112 6.1: in 1xx', lines('HTTP/1.1 103 x', 'Transfer-Encoding: chunked'), 'transfer-encoding-without-body'],
  ['9110 15.2.2: 101 that nobody asked for', lines('HTTP/1.1 101 x', 'Upgrade: y'), 'unasked-upgrade'],
  ['9110 7.8: 101 that names no protocol', lines('HTTP/1.1 101 x', 'Connection: upgrade'), 'upgrade-missing', UPGRADE],
  ['too many fields', ok(...Array.from({ length: 129 }, () => 'A: b')), 'too-many-fields'],
  ['too large', ok(`A: ${'x'.repeat(16_384)}`), 'head-too-large'],
  ['a reason without end', `HTTP/1.1 200 ${'x'.repeat(16_384)}`, 'head-too-large'],
];

describe('A response head', () => {
  for (const [name, text, says, request] of ACCEPTED) {
    it(`is read: ${name}`, () => {
      expect(responseOf(text, request)).to.include(says);
    });
  }
  for (const [name, text, reason, request] of REFUSED) {
    it(`is refused: ${name}`, () => {
      expect(named(parseResponseHead(text, bytesOf(text), LIMITS, request ?? PLAIN, new ResponseHead()))).to.equal(
        `502 ${reason}`,
      );
    });
  }

  it('says the same however much of it has arrived', () => {
    for (const [, text, , request] of [...ACCEPTED, ...REFUSED]) {
      if (text.length > 2_000) continue;
      const head = new ResponseHead();
      const parse = (part: string) => parseResponseHead(part, bytesOf(part), LIMITS, request ?? PLAIN, head);
      const body = parse(text) === 'complete' ? 'body \0' : '';
      expectSameForPrefixes(text + body, parse, text.length);
    }
  });

  it('means the same to a head object that was used before', () => {
    const reused = new ResponseHead();
    for (const [, text, , request] of [...ACCEPTED, ...REFUSED, ...ACCEPTED]) {
      if (parseResponseHead(text, bytesOf(text), LIMITS, request ?? PLAIN, reused) !== 'complete') continue;
      const { fields: _, ...said } = reused;
      expect(responseOf(text, request)).to.deep.include(said);
    }
  });
});
