import { expect } from 'chai';
import fc from 'fast-check';
import { parseRequestHead, RequestHead } from '../../src/http1/request-head.js';
import { HeaderField } from '../../src/http2/header-field.js';
import { type ListResult, RequestListReader } from '../../src/http2/request-list.js';
import type { Pair } from './hpack.js';

const LIMITS = { headBytes: 1_024, fields: 16 };
const GET: readonly Pair[] = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':authority', 'a.example'],
  [':path', '/x?y=1'],
];

interface Read {
  readonly result: ListResult;
  readonly head: RequestHead;
}

function read(fields: readonly Pair[], endsStream = true): Read {
  const head = new RequestHead();
  const reader = new RequestListReader(() => 'a2V5');
  reader.begin(head, LIMITS);
  for (const [name, value] of fields) reader.field(new HeaderField(name, value));
  return { result: reader.finish(endsStream), head };
}

function flawOf(fields: readonly Pair[], endsStream = true): string {
  const { result } = read(fields, endsStream);
  return result.kind === 'malformed' ? result.flaw : result.kind;
}

function faultOf(fields: readonly Pair[]): string {
  const { result } = read(fields);
  return result.kind === 'refused' ? `${result.fault.status} ${result.fault.reason}` : result.kind;
}

function textOf(fields: readonly Pair[], endsStream = true): string {
  const { result, head } = read(fields, endsStream);
  expect(result.kind).to.equal('complete');
  return head.text;
}

/** The fields of {@link GET} with one of them replaced or, without a value, left out. */
function getWith(name: string, value?: string): readonly Pair[] {
  return GET.flatMap((pair): Pair[] => (pair[0] === name ? (value === undefined ? [] : [[name, value]]) : [pair]));
}

const MALFORMED: readonly (readonly [name: string, fields: readonly Pair[], flaw: string])[] = [
  ['no method', getWith(':method'), 'no valid :method'],
  ['an empty method', getWith(':method', ''), 'no valid :method'],
  ['a space in the method', getWith(':method', 'GET /admin HTTP/1.1'), 'no valid :method'],
  ['a line end in the method', getWith(':method', 'GET\r\n'), 'no valid :method'],
  ['no path', getWith(':path'), 'no valid :path'],
  ['an empty path', getWith(':path', ''), 'no valid :path'],
  ['a path without a slash', getWith(':path', 'x'), 'no valid :path'],
  ['a URL as path', getWith(':path', 'http://b.example/'), 'no valid :path'],
  ['a space in the path', getWith(':path', '/ HTTP/1.1'), 'no valid :path'],
  ['a line end in the path', getWith(':path', '/\r\nX: y'), 'no valid :path'],
  ['NUL in the path', getWith(':path', '/\0'), 'no valid :path'],
  ['a fragment in the path', getWith(':path', '/#a'), 'no valid :path'],
  ['a byte over 0x7f in the path', getWith(':path', '/\xe9'), 'no valid :path'],
  ['an asterisk for another method than OPTIONS', getWith(':path', '*'), 'no valid :path'],
  ['no scheme', getWith(':scheme'), 'no valid :scheme'],
  ['another scheme', getWith(':scheme', 'ftp'), 'no valid :scheme'],
  ['a scheme that begins a line', getWith(':scheme', 'http\r\nX: y'), 'no valid :scheme'],
  ['an empty authority', getWith(':authority', ''), 'no valid :authority'],
  ['a user in the authority', getWith(':authority', 'u@a.example'), 'no valid :authority'],
  ['a path in the authority', getWith(':authority', 'a.example/x'), 'no valid :authority'],
  ['a line end in the authority', getWith(':authority', 'a.example\r\nX: y'), 'no valid :authority'],
  ['neither authority nor host', getWith(':authority'), 'neither :authority nor host'],
  ['another host', [...GET, ['host', 'b.example']], 'a host that is not :authority'],
  ['a method twice', [[':method', 'GET'], ...GET], 'two :method'],
  ['a scheme twice', [[':scheme', 'https'], ...GET], 'two :scheme'],
  ['an authority twice', [[':authority', 'a.example'], ...GET], 'two :authority'],
  ['a path twice', [[':path', '/'], ...GET], 'two :path'],
  ['a status', [...GET, [':status', '200']], 'an unknown pseudo-header'],
  ['an unknown pseudo-header', [[':x', 'y'], ...GET], 'an unknown pseudo-header'],
  ['a pseudo-header behind a field', [['a', 'b'], ...GET], 'no valid :method'],
  ['a late pseudo-header', [...GET.slice(0, 3), ['a', 'b'], [':path', '/']], 'no valid :path'],
  ['a method behind everything', [...GET, ['a', 'b'], [':method', 'POST']], 'a pseudo-header behind a field'],
  ['a capital letter in a name', [...GET, ['Accept', 'a']], 'a field name with a capital letter'],
  ['a field without a name', [...GET, ['', 'a']], 'a field without a name'],
  ['a colon in a name', [...GET, ['a:b', 'c']], 'a field name with a character that is not allowed'],
  ['a space in a name', [...GET, ['a b', 'c']], 'a field name with a character that is not allowed'],
  ['a line end in a name', [...GET, ['a\r\nb', 'c']], 'a field name with a character that is not allowed'],
  ['CR in a value', [...GET, ['a', 'b\rc']], 'a field value with a control character'],
  ['LF in a value', [...GET, ['a', 'b\nc']], 'a field value with a control character'],
  ['NUL in a value', [...GET, ['a', 'b\0c']], 'a field value with a control character'],
  ['a line end in a cookie', [...GET, ['cookie', 'a\r\nb: c']], 'a field value with a control character'],
  ['a space in front of a value', [...GET, ['a', ' b']], 'a field value with white space around it'],
  ['a tab behind a value', [...GET, ['a', 'b\t']], 'a field value with white space around it'],
  ['connection', [...GET, ['connection', 'close']], 'a field that concerns the connection alone'],
  ['keep-alive', [...GET, ['keep-alive', 'timeout=1']], 'a field that concerns the connection alone'],
  ['proxy-connection', [...GET, ['proxy-connection', 'close']], 'a field that concerns the connection alone'],
  ['transfer-encoding', [...GET, ['transfer-encoding', 'chunked']], 'a field that concerns the connection alone'],
  ['upgrade', [...GET, ['upgrade', 'websocket']], 'a field that concerns the connection alone'],
  ['te with anything but trailers', [...GET, ['te', 'trailers, gzip']], 'a TE other than trailers'],
  ['a length and no content', [...GET, ['content-length', '1']], 'a content-length and no content'],
  ['a protocol for GET', [...GET, [':protocol', 'websocket']], 'a :protocol without CONNECT'],
  ['a CONNECT with a path', getWith(':method', 'CONNECT'), 'a CONNECT with :scheme or :path'],
];

const REFUSED: readonly (readonly [name: string, fields: readonly Pair[], fault: string])[] = [
  [
    'a CONNECT',
    [
      [':method', 'CONNECT'],
      [':authority', 'a.example:443'],
    ],
    '405 connect-not-allowed',
  ],
  ['a method of 33 characters', getWith(':method', 'M'.repeat(33)), '501 method-too-long'],
  ['a length that is no number', [...GET, ['content-length', '+1']], '400 bad-content-length'],
  ['two lengths', [...GET, ['content-length', '0'], ['content-length', '0']], '400 repeated-content-length'],
  ['two hosts', [...getWith(':authority'), ['host', 'a'], ['host', 'a']], '400 repeated-host'],
  ['a bad host', [...getWith(':authority'), ['host', 'a b']], '400 bad-host'],
  ['a path longer than a head', getWith(':path', `/${'x'.repeat(1_024)}`), '414 target-too-long'],
  ['fields longer than a head', [...GET, ['a', 'x'.repeat(1_024)]], '431 head-too-large'],
  [
    'cookies longer than a head',
    [...GET, ['cookie', 'x'.repeat(600)], ['cookie', 'x'.repeat(600)]],
    '431 head-too-large',
  ],
  ['17 fields', [...GET, ...new Array<Pair>(17).fill(['a', 'b'])], '431 too-many-fields'],
  [
    'a protocol that is not served',
    [...getWith(':method', 'CONNECT').slice(0, 4), [':protocol', 'connect-udp']],
    '501 protocol-not-supported',
  ],
];

const anyText = fc.oneof(
  fc.constantFrom(
    '',
    '/',
    '/a?b',
    '*',
    'GET',
    'POST',
    'https',
    'a.example',
    'a:1',
    '[::1]:8',
    'trailers',
    '5',
    'close',
  ),
  fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
);
const anyName = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom('accept', 'host', 'cookie', 'te', 'content-length', 'expect', 'x-forwarded-for'),
  },
  { weight: 2, arbitrary: fc.constantFrom(':method', ':path', ':authority', ':scheme', 'connection', 'upgrade') },
  { weight: 1, arbitrary: anyText },
);
const anyList = fc
  .tuple(
    fc.constantFrom('GET', 'POST', 'OPTIONS'),
    fc.constantFrom('/', '/a/b?c=d', '*', '/%41'),
    fc.array(fc.tuple(anyName, anyText), { maxLength: 5 }),
  )
  .map(([method, path, rest]): readonly Pair[] => [
    [':method', method],
    [':scheme', 'http'],
    [':path', path],
    [':authority', 'a.example'],
    ...rest,
  ]);

describe('A header list of a request', () => {
  it('becomes the head that the request has in HTTP/1.1', () => {
    expect(textOf([...GET, ['accept', '*/*'], ['x-a', '']])).to.equal(
      'GET /x?y=1 HTTP/1.1\r\nHost: a.example\r\naccept: */*\r\nx-a: \r\n\r\n',
    );
  });

  it('may have its host as a field', () => {
    expect(textOf([...getWith(':authority'), ['host', 'b.example']])).to.include('\r\nhost: b.example\r\n');
  });

  it('may repeat its authority as host, in another case', () => {
    expect(textOf([...GET, ['host', 'A.example']]).match(/host/gi)).to.have.length(1);
  });

  it('has the pieces of a cookie joined (RFC 9113 section 8.2.3)', () => {
    const text = textOf([...GET, ['cookie', 'a=1'], ['x', 'y'], ['cookie', 'b=2']]);
    expect(text).to.match(/\r\nx: y\r\ncookie: a=1; b=2\r\n\r\n$/);
  });

  it('gets chunks for content of a length that it does not tell', () => {
    expect(textOf(GET, false)).to.match(/\r\nTransfer-Encoding: chunked\r\n\r\n$/);
  });

  it('keeps the length that it tells', () => {
    const { head } = read([...GET, ['content-length', '7']], false);
    expect(head).to.include({ framing: 'length', contentLength: 7 });
  });

  it('becomes the handshake of a WebSocket when it is an extended CONNECT (RFC 8441)', () => {
    const fields: readonly Pair[] = [
      ...getWith(':method', 'CONNECT'),
      [':protocol', 'websocket'],
      ['sec-websocket-version', '13'],
    ];
    const { head } = read(fields, false);
    expect(head.upgrade).to.equal(true);
    expect(head.text).to.equal(
      'GET /x?y=1 HTTP/1.1\r\nHost: a.example\r\nsec-websocket-version: 13\r\n' +
        'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: a2V5\r\n\r\n',
    );
  });

  for (const [name, fields, flaw] of MALFORMED) {
    it(`is malformed with ${name}`, () => expect(flawOf(fields)).to.equal(flaw));
  }

  for (const [name, fields, fault] of REFUSED) {
    it(`is refused with ${name}`, () => expect(faultOf(fields)).to.equal(fault));
  }

  it('is forgotten when the next one begins', () => {
    const first = new RequestHead();
    const second = new RequestHead();
    const reader = new RequestListReader(() => '');
    reader.begin(first, LIMITS);
    for (const [name, value] of [...GET, ['Bad', ''], ['cookie', 'a']] as const) {
      reader.field(new HeaderField(name, value));
    }
    expect(reader.finish(true).kind).to.equal('malformed');
    reader.begin(second, LIMITS);
    for (const [name, value] of GET) reader.field(new HeaderField(name, value));
    expect(reader.finish(true).kind).to.equal('complete');
    expect(second.text).to.equal('GET /x?y=1 HTTP/1.1\r\nHost: a.example\r\n\r\n');
  });

  it('is read as the parser of HTTP/1.1 reads its text, whatever it holds', () => {
    fc.assert(
      fc.property(anyList, fc.boolean(), (fields, endsStream) => {
        const { result, head } = read(fields, endsStream);
        if (result.kind !== 'complete') return;
        const again = new RequestHead();
        const bytes = Buffer.from(head.text, 'latin1');
        expect(parseRequestHead(head.text, bytes, LIMITS, again)).to.equal('complete');
        expect(again.length, 'one request, and nothing behind it').to.equal(head.text.length);
        expect(summary(head)).to.deep.equal(summary(again));
      }),
      { numRuns: 3_000 },
    );
  });
});

/** Everything that is known of a head, in a form that can be compared. */
function summary(head: RequestHead): unknown {
  const { fields, ...rest } = head;
  const { text, start, end, contentLength, chunked, count } = fields;
  const lines = Array.from({ length: count }, (_, at) => [
    fields.kind(at),
    fields.nameAt(at),
    fields.colonAt(at),
    fields.valueAt(at),
    fields.valueEnd(at),
  ]);
  return { ...rest, text, start, end, contentLength, chunked, lines };
}
