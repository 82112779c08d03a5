import { expect } from 'chai';
import fc from 'fast-check';
import { ChunkedScanner } from '../../src/http1/chunked.js';

interface Outcome {
  readonly done: boolean;
  readonly fault: string | undefined;
  /** Offset just past the body, or of the offending byte. */
  readonly at: number;
  readonly payload: string;
}

/** Feeds `text` in pieces that end at `cuts`. */
function scan(text: string, cuts: readonly number[] = [], scanner = new ChunkedScanner()): Outcome {
  const bytes = Buffer.from(text, 'latin1');
  const payload: Buffer[] = [];
  let at = 0;
  for (const cut of [...cuts, bytes.length]) {
    const next = scanner.scan(bytes, at, cut, (from, to) => payload.push(bytes.subarray(from, to)));
    at = next;
    if (at < cut) break;
  }
  const fault = scanner.fault === undefined ? undefined : `${scanner.fault.status} ${scanner.fault.reason}`;
  return { done: scanner.done, fault, at, payload: Buffer.concat(payload).toString('latin1') };
}

const ACCEPTED: readonly (readonly [name: string, text: string, payload: string])[] = [
  ['9112 7.1: no data', '0\r\n\r\n', ''],
  ['9112 7.1: one chunk', '3\r\nabc\r\n0\r\n\r\n', 'abc'],
  ['9112 7.1: hexadecimal in either case', `a\r\n0123456789\r\nB\r\n0123456789A\r\n0\r\n\r\n`, '01234567890123456789A'],
  ['9112 7.1: leading zeros', '000000000000003\r\nabc\r\n000\r\n\r\n', 'abc'],
  ['9112 7.1: line ends and digits inside data', '7\r\n0\r\n\r\n0\r\r\n0\r\n\r\n', '0\r\n\r\n0\r'],
  ['9112 7.1.1: extensions', '3;a;b="c \\"d\t\x80";c=d\r\nabc\r\n0;last\r\n\r\n', 'abc'],
  ['9112 7.1.1: the longest extension', `3;${'x'.repeat(255)}\r\nabc\r\n0\r\n\r\n`, 'abc'],
  ['9112 7.1.2: trailers', '1\r\na\r\n0\r\nX-Sum: 1\r\nEmpty:\r\nLong-Name-Of-A-Trailer: \xff\r\n\r\n', 'a'],
  ['9112 7.1.2: trailers of 8 KiB', `0\r\nX: ${'x'.repeat(8_192 - 5)}\r\n\r\n`, ''],
];

const REFUSED: readonly (readonly [name: string, text: string, fault: string, at: number])[] = [
  ['9112 7.1: no size', '\r\n', '400 bad-chunk-size', 0],
  ['9112 7.1: a sign', '+3\r\nabc', '400 bad-chunk-size', 0],
  ['9112 7.1: minus', '-1\r\n', '400 bad-chunk-size', 0],
  ['9112 7.1: 0x', '0x3\r\nabc', '400 bad-chunk-size', 1],
  ['9112 7.1: a space in front', ' 3\r\nabc', '400 bad-chunk-size', 0],
  ['9112 7.1: a space behind', '3 \r\nabc', '400 bad-chunk-size', 1],
  ['9112 7.1: a space before the extension', '3 ;a\r\nabc', '400 bad-chunk-size', 1],
  ['9112 7.1: no hexadecimal digit', '3g\r\n', '400 bad-chunk-size', 1],
  ['9112 7.1: an underscore', '1_0\r\n', '400 bad-chunk-size', 1],
  ['9112 7.1: 16 digits', '0000000000000003\r\n', '400 bad-chunk-size', 15],
  ['9112 7.1: past 2^53', '20000000000000\r\n', '400 bad-chunk-size', 13],
  ['9112 7.1: LF behind the size', '3\nabc', '400 bad-chunk-size', 1],
  ['9112 7.1: CR without LF behind the size', '3\rabc', '400 bad-chunk-end', 2],
  ['9112 7.1: a chunk longer than its size', '3\r\nabcd\r\n', '400 bad-chunk-end', 6],
  ['9112 7.1: LF behind the data', '3\r\nabc\n0\r\n\r\n', '400 bad-chunk-end', 6],
  ['9112 7.1: CR without LF behind the data', '3\r\nabc\r0\r\n\r\n', '400 bad-chunk-end', 7],
  ['9112 7.1: an empty line between chunks', '1\r\na\r\n\r\n0\r\n\r\n', '400 bad-chunk-size', 6],
  ['9112 7.1.1: LF in an extension', '3;a\nabc', '400 bad-chunk-extension', 3],
  ['9112 7.1.1: CR in an extension', '3;a\rb\r\nabc', '400 bad-chunk-end', 4],
  ['9112 7.1.1: NUL in an extension', '3;\0\r\nabc', '400 bad-chunk-extension', 2],
  ['9112 7.1.1: a semicolon and no name', '3;\r\nabc', '400 bad-chunk-extension', 2],
  ['9112 7.1.1: a name and no value', '3;a=\r\nabc', '400 bad-chunk-extension', 4],
  ['9112 7.1.1: a value and no name', '3;=b\r\nabc', '400 bad-chunk-extension', 2],
  ['9112 7.1.1: a space behind the semicolon', '3; a\r\nabc', '400 bad-chunk-extension', 2],
  ['9112 7.1.1: a space before the equals sign', '3;a =b\r\nabc', '400 bad-chunk-extension', 3],
  ['9112 7.1.1: a space behind the value', '3;a=b \r\nabc', '400 bad-chunk-extension', 5],
  ['9112 7.1.1: something behind the quotes', '3;a="b"c\r\nabc', '400 bad-chunk-extension', 7],
  ['9112 7.1.1: quotes that the line ends in', '3;a="b\r\nabc', '400 bad-chunk-extension', 6],
  ['9112 7.1.1: an escaped CR', '3;a="\\\r\nabc', '400 bad-chunk-extension', 6],
  ['9112 7.1.1: a byte above ASCII', '3;\x80\r\nabc', '400 bad-chunk-extension', 2],
  ['9112 7.1.1: an extension without end', `3;${'x'.repeat(300)}`, '431 chunk-extension-too-long', 257],
  ['9112 7.1.2: LF instead of the last line', '0\r\n\n', '400 bad-trailer', 3],
  ['9112 7.1.2: CR without LF at the end', '0\r\n\rX', '400 bad-chunk-end', 4],
  ['9112 7.1.2: a folded trailer', '0\r\nA: b\r\n c\r\n\r\n', '400 bad-trailer', 9],
  ['9112 7.1.2: a space before the colon', '0\r\nA : b\r\n\r\n', '400 bad-trailer', 4],
  ['9112 7.1.2: an empty name', '0\r\n: b\r\n\r\n', '400 bad-trailer', 3],
  ['9112 7.1.2: no colon', '0\r\nA\r\n\r\n', '400 bad-trailer', 4],
  ['9112 7.1.2: LF behind a trailer', '0\r\nA: b\n\r\n', '400 bad-trailer', 7],
  ['9112 7.1.2: CR in a trailer', '0\r\nA: b\rc', '400 bad-chunk-end', 8],
  ['9112 7.1.2: trailers past 8 KiB', `0\r\nX: ${'x'.repeat(9_000)}`, '431 trailers-too-large', 3 + 8_192],
  ['9110 6.5.1: Content-Length', '0\r\ncontent-length: 1\r\n\r\n', '400 forbidden-trailer', 17],
  ['9110 6.5.1: Transfer-Encoding', '0\r\nTransfer-Encoding: chunked\r\n\r\n', '400 forbidden-trailer', 20],
  ['9110 6.5.1: Host', '0\r\nHOST: b\r\n\r\n', '400 forbidden-trailer', 7],
  ['9110 6.5.1: Connection', '0\r\nConnection: close\r\n\r\n', '400 forbidden-trailer', 13],
  ['9110 6.5.1: X-Forwarded-For', '0\r\nX-Forwarded-For: 1.1.1.1\r\n\r\n', '400 forbidden-trailer', 18],
  ['9110 6.5.1: a long X-Forwarded name', `0\r\nx-forwarded-${'x'.repeat(20)}: 1\r\n`, '400 forbidden-trailer', 35],
];

describe('A chunked body', () => {
  for (const [name, text, payload] of ACCEPTED) {
    it(`ends where it says: ${name}`, () => {
      expect(scan(`${text}GET / HTTP/1.1`)).to.deep.equal({ done: true, fault: undefined, at: text.length, payload });
    });
  }
  for (const [name, text, fault, at] of REFUSED) {
    it(`is refused: ${name}`, () => {
      expect(scan(text)).to.include({ done: false, fault, at });
    });
  }

  it('is not over before its last byte', () => {
    for (const [, text] of ACCEPTED) {
      for (let end = 0; end < text.length; end++) {
        expect(scan(text.slice(0, end))).to.include({ done: false, fault: undefined, at: end });
      }
    }
  });

  it('is the same for a scanner that was used before', () => {
    const reused = new ChunkedScanner();
    for (const [, text] of [...REFUSED, ...ACCEPTED, ...REFUSED]) {
      reused.reset();
      expect(scan(text, [], reused)).to.deep.equal(scan(text));
    }
  });

  it('does not go on behind its end or a fault', () => {
    for (const text of ['0\r\n\r\n', 'x']) {
      const scanner = new ChunkedScanner();
      const { at } = scan(text, [], scanner);
      expect(scanner.scan(Buffer.from('3\r\nabc'), 0, 6)).to.equal(0);
      expect(at).to.be.lessThan(6);
    }
  });

  const anyText = fc.oneof(
    fc.constantFrom(...ACCEPTED, ...REFUSED).map(([, text]) => text),
    fc.string({ unit: fc.constantFrom('0', '1', 'a', ';', ':', '\r\n', '\r', '\n', ' ', 'X', '\0'), maxLength: 60 }),
    fc.array(fc.string({ unit: 'binary-ascii', minLength: 1 })).map((parts) => encode(parts)),
  );

  it('is the same however it is split', () => {
    const cuts = fc.array(fc.nat({ max: 80 }), { maxLength: 8 });
    fc.assert(
      fc.property(anyText, cuts, (text, at) => {
        const inside = at.map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b);
        const everyByte = Array.from({ length: text.length }, (_, index) => index);
        expect(scan(text, inside)).to.deep.equal(scan(text));
        expect(scan(text, everyByte)).to.deep.equal(scan(text));
      }),
      { numRuns: 1_000 },
    );
  });

  it('gives back what was put in', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary-ascii', minLength: 1 })), (parts) => {
        expect(scan(encode(parts))).to.include({ done: true, payload: parts.join('') });
      }),
    );
  });
});

function encode(parts: readonly string[]): string {
  return `${parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('')}0\r\n\r\n`;
}

describe('The trailers of a chunked body', () => {
  const trailersOf = (text: string): string => {
    const scanner = new ChunkedScanner();
    scan(text, [], scanner);
    return scanner.trailers;
  };

  it('are its field lines as they came', () => {
    expect(trailersOf('1\r\na\r\n0\r\nX-Sum: 1\r\nEmpty:\r\n\r\n')).to.equal('X-Sum: 1\r\nEmpty:\r\n');
  });

  it('are none without field lines', () => {
    expect(trailersOf('1\r\na\r\n0\r\n\r\n')).to.equal('');
  });

  it('are the same however the bytes are split', () => {
    const text = '1\r\na\r\n0\r\nGrpc-Status: 0\r\nX: \xff\r\n\r\n';
    for (let cut = 0; cut < text.length; cut++) {
      const scanner = new ChunkedScanner();
      scan(text, [cut], scanner);
      expect(scanner.trailers, `cut at ${cut}`).to.equal('Grpc-Status: 0\r\nX: \xff\r\n');
    }
  });

  it('are forgotten with the body that had them', () => {
    const scanner = new ChunkedScanner();
    scan('0\r\nX: 1\r\n\r\n', [], scanner);
    scanner.reset();
    scan('0\r\n\r\n', [], scanner);
    expect(scanner.trailers).to.equal('');
  });
});
