import { expect } from 'chai';
import fc from 'fast-check';
import { parseResponseHead, ResponseHead } from '../../src/http1/response-head.js';
import { HeaderField } from '../../src/http2/header-field.js';
import { ResponseListReader } from '../../src/http2/response-list.js';
import { TrailerListReader } from '../../src/http2/trailer-list.js';
import type { Pair } from './hpack.js';

const LIMITS = { headBytes: 1_024, fields: 16 };

interface Asked {
  readonly isHead?: boolean;
  readonly endsStream?: boolean;
}

function read(fields: readonly Pair[], { isHead = false, endsStream = false }: Asked = {}) {
  const reader = new ResponseListReader(LIMITS);
  reader.begin();
  for (const [name, value] of fields) reader.field(new HeaderField(name, value));
  const flaw = reader.finish({ isHead, upgrade: false }, endsStream);
  return { flaw, head: reader.head };
}

const OK: Pair = [':status', '200'];

const MALFORMED: readonly (readonly [name: string, fields: readonly Pair[], flaw: string, asked?: Asked])[] = [
  ['no status', [['a', 'b']], 'no valid :status'],
  ['nothing', [], 'no valid :status'],
  ['a status of two digits', [[':status', '20']], 'no valid :status'],
  ['a status of 600', [[':status', '600']], 'no valid :status'],
  ['a status with a space', [[':status', '200 ']], 'no valid :status'],
  ['a 101', [[':status', '101']], 'no valid :status'],
  ['two statuses', [OK, OK], 'two :status'],
  ['a late status', [['a', 'b'], OK], 'no valid :status'],
  ['a status behind a field', [OK, ['a', 'b'], OK], 'a pseudo-header behind a field'],
  ['a pseudo-header of requests', [OK, [':path', '/']], 'an unknown pseudo-header'],
  ['connection', [OK, ['connection', 'close']], 'a field that concerns the connection alone'],
  ['a line end in a value', [OK, ['a', 'b\r\nc: d']], 'a field value with a control character'],
  ['two lengths that differ', [OK, ['content-length', '1'], ['content-length', '2']], 'repeated-content-length'],
  ['a length and no content', [OK, ['content-length', '1']], 'a content-length and no content', { endsStream: true }],
  ['17 fields', [OK, ...new Array<Pair>(17).fill(['a', 'b'])], 'too-many-fields'],
  ['fields larger than a head', [OK, ['a', 'x'.repeat(1_024)]], 'head-too-large'],
  [
    'an end of the stream behind an interim response',
    [[':status', '103']],
    'an interim response that ends the stream',
    { endsStream: true },
  ],
];

describe('A header list of a response', () => {
  it('becomes the head that the response has in HTTP/1.1', () => {
    const { head } = read([OK, ['content-length', '5'], ['x-a', 'b']]);
    expect(head.text).to.equal('HTTP/1.1 200 OK\r\ncontent-length: 5\r\nx-a: b\r\n\r\n');
    expect(head).to.include({ status: 200, framing: 'length', contentLength: 5 });
  });

  it('gets chunks for a body of a length that it does not tell', () => {
    expect(read([OK]).head).to.include({ framing: 'chunked' });
  });

  it('says that there is no body when its stream ends with it', () => {
    expect(read([OK], { endsStream: true }).head).to.include({ framing: 'length', contentLength: 0 });
  });

  it('may tell the length of what a HEAD does not get', () => {
    const { flaw, head } = read([OK, ['content-length', '5']], { isHead: true, endsStream: true });
    expect(flaw).to.equal('');
    expect(head).to.include({ framing: 'none' });
  });

  it('may be an interim one', () => {
    const { head } = read([
      [':status', '103'],
      ['link', '</a>'],
    ]);
    expect(head).to.include({ status: 103, interim: true });
  });

  for (const [name, fields, flaw, asked] of MALFORMED) {
    it(`is malformed with ${name}`, () => expect(read(fields, asked).flaw).to.equal(flaw));
  }

  it('is read as the parser of HTTP/1.1 reads its text, whatever it holds', () => {
    const anyText = fc.oneof(
      fc.constantFrom('', '5', 'chunked', 'timeout=5', 'a, b'),
      fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
    );
    const anyField = fc.tuple(fc.constantFrom('content-length', 'date', 'set-cookie', 'te', 'trailer', 'x'), anyText);
    const anyStatus = fc.constantFrom('100', '103', '200', '204', '304', '404', '599');
    fc.assert(
      fc.property(anyStatus, fc.array(anyField, { maxLength: 4 }), fc.boolean(), (status, rest, endsStream) => {
        const { flaw, head } = read([[':status', status], ...rest], { endsStream });
        if (flaw !== '') return;
        const again = new ResponseHead();
        const bytes = Buffer.from(head.text, 'latin1');
        const request = { isHead: false, upgrade: false };
        expect(parseResponseHead(head.text, bytes, LIMITS, request, again)).to.equal('complete');
        expect(again.length).to.equal(head.text.length);
        for (const key of ['status', 'framing', 'contentLength', 'interim'] as const) {
          expect(head[key], key).to.equal(again[key]);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('A header list behind a body', () => {
  function trailers(fields: readonly Pair[]): TrailerListReader {
    const reader = new TrailerListReader(LIMITS);
    for (const [name, value] of fields) reader.field(new HeaderField(name, value));
    return reader;
  }

  it('becomes trailer field lines', () => {
    expect(
      trailers([
        ['grpc-status', '0'],
        ['x', ''],
      ]).lines,
    ).to.equal('grpc-status: 0\r\nx: \r\n');
  });

  it('loses what frames or routes a message', () => {
    expect(
      trailers([
        ['content-length', '5'],
        ['host', 'a'],
        ['x', 'y'],
      ]).lines,
    ).to.equal('x: y\r\n');
  });

  for (const [name, fields, flaw] of [
    ['a pseudo-header', [[':status', '200']], 'a pseudo-header in trailers'],
    ['a line end', [['a', 'b\nc']], 'a field value with a control character'],
    ['too many fields', new Array<Pair>(17).fill(['a', 'b']), 'trailers that are too large'],
    ['too many bytes', [['a', 'x'.repeat(1_024)]], 'trailers that are too large'],
  ] as const) {
    it(`is malformed with ${name}`, () => expect(trailers(fields).flaw).to.equal(flaw));
  }
});
