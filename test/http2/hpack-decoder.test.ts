import { expect } from 'chai';
import fc from 'fast-check';
import { HpackDecoder } from '../../src/http2/hpack-decoder.js';
import { decode, hex } from './hpack.js';

const BROKEN: readonly (readonly [name: string, block: string, flaw: string])[] = [
  ['an index of 0', '80', 'index without an entry'],
  ['an index behind the static table while nothing was added', 'be', 'index without an entry'],
  ['the name of an entry that there is not', '7f 00 01 61', 'index without an entry'],
  ['an index that is cut off', 'ff', 'block ends within a field'],
  ['an integer of six bytes', 'ff ff ff ff ff 0f', 'integer too large'],
  ['a literal without a value', '00 01 61', 'block ends within a field'],
  ['a text longer than the block', '00 0a 61', 'block ends within a field'],
  ['a text whose length is cut off', '00 7f', 'block ends within a field'],
  ['an end mark in a Huffman code', '00 84 ff ff ff ff 01 61', 'bad Huffman code'],
  ['padding of a whole byte', '00 82 1f ff 01 61', 'bad Huffman code'],
  ['padding of zeros', '00 81 18 01 61', 'bad Huffman code'],
  ['a table size update behind a field', '82 20', 'table size update behind a field'],
  ['three table size updates', '20 20 20 82', 'table size update behind a field'],
  ['a table larger than the settings allow', '3f e2 1f', 'table size over the limit'],
];

describe('The decoder of header blocks', () => {
  for (const [name, block, flaw] of BROKEN) {
    it(`refuses ${name}`, () => {
      expect(decode(new HpackDecoder(4_096), hex(block)).flaw).to.equal(flaw);
    });
  }

  it('hands over the fields in front of what is wrong', () => {
    expect(decode(new HpackDecoder(4_096), hex('82 80')).fields).to.deep.equal([[':method', 'GET']]);
  });

  it('empties its table for a field that is larger', () => {
    const decoder = new HpackDecoder(64);
    decode(decoder, hex('40 01 61 01 62'));
    expect(decode(decoder, hex('be')).fields).to.deep.equal([['a', 'b']]);
    decode(decoder, Buffer.concat([hex('40 01 61 28'), Buffer.alloc(40, 'x')]));
    expect(decode(decoder, hex('be')).flaw).to.equal('index without an entry');
  });

  it('takes a name from the entry that makes room for its field', () => {
    const decoder = new HpackDecoder(40);
    decode(decoder, hex('40 04 6e 61 6d 65 01 31'));
    expect(decode(decoder, hex('7e 01 32')).fields).to.deep.equal([['name', '2']]);
    expect(decode(decoder, hex('be')).fields).to.deep.equal([['name', '2']]);
  });

  it('demands a size update once a smaller table has been agreed on', () => {
    const decoder = new HpackDecoder(4_096);
    decoder.setLimit(0);
    expect(decode(decoder, hex('82')).flaw).to.equal('table size update missing');
  });

  it('takes a smaller table when its size is told first', () => {
    const decoder = new HpackDecoder(4_096);
    decode(decoder, hex('40 01 61 01 62'));
    decoder.setLimit(0);
    expect(decode(decoder, hex('20 82')).flaw).to.equal(undefined);
    expect(decode(decoder, hex('be')).flaw).to.equal('index without an entry');
  });

  it('keeps its entries when the table grows', () => {
    const decoder = new HpackDecoder(4_096);
    expect(decode(decoder, hex('3f 21 40 01 61 01 62')).flaw).to.equal(undefined); // 64 bytes
    expect(decode(decoder, hex('3f e1 1f be')).fields).to.deep.equal([['a', 'b']]); // 4,096 bytes
  });

  it('ends on any bytes', () => {
    const decoder = new HpackDecoder(4_096);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        decode(decoder, Buffer.from(bytes));
      }),
      { numRuns: 2_000 },
    );
  });
});
