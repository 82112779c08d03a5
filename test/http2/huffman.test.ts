import { expect } from 'chai';
import fc from 'fast-check';
import { decodeHuffman, encodeHuffman, huffmanLength } from '../../src/http2/huffman.js';

const anyText = fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes).toString('latin1'));

function decoded(bytes: Uint8Array): string | undefined {
  const out = Buffer.alloc(bytes.length * 2);
  const length = decodeHuffman(bytes, 0, bytes.length, out);
  return length < 0 ? undefined : out.toString('latin1', 0, length);
}

function encoded(text: string): Buffer {
  const out = Buffer.alloc(huffmanLength(text));
  expect(encodeHuffman(text, out, 0)).to.equal(out.length);
  return out;
}

describe('The Huffman code of HPACK', () => {
  it('gives every byte back', () => {
    const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString('latin1');
    expect(decoded(encoded(all))).to.equal(all);
  });

  it('gives every text back', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(decoded(encoded(text))).to.equal(text);
      }),
    );
  });

  it('has one encoding of a text: whatever else is decoded to it is refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 8 }), (bytes) => {
        const text = decoded(bytes);
        if (text !== undefined) expect(encoded(text)).to.deep.equal(Buffer.from(bytes));
      }),
      { numRuns: 5_000 },
    );
  });
});
