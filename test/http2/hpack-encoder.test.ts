import { expect } from 'chai';
import fc from 'fast-check';
import { HpackDecoder } from '../../src/http2/hpack-decoder.js';
import { BlockMaker, decode, hex, type Pair } from './hpack.js';

const RESPONSE: readonly Pair[] = [
  [':status', '200'],
  ['content-type', 'text/html; charset=utf-8'],
  ['x-served-by', 'a'],
];

/** Few names and values, so that they come again; long ones push others out of the table. */
const anyField = fc.tuple(
  fc.constantFrom(':status', 'date', 'content-type', 'x-a', 'x-b', 'set-cookie', 'x-api-token'),
  fc.oneof(
    fc.constantFrom('200', '', 'a', 'text/html', 'x'.repeat(900), 'y'.repeat(1_500)),
    fc.string({ maxLength: 20 }).map((text) => Buffer.from(text, 'utf8').toString('latin1')),
  ),
);
const anyBlock = fc.record({
  fields: fc.array(anyField, { maxLength: 12 }),
  /** SETTINGS_HEADER_TABLE_SIZE that the peer sets in front of the block. */
  limits: fc.array(fc.constantFrom(0, 64, 1_000, 4_096, 65_536), { maxLength: 3 }),
});

describe('The encoder of header blocks', () => {
  it('is understood by the decoder, whatever is sent and however the table changes', () => {
    fc.assert(
      fc.property(fc.array(anyBlock, { maxLength: 12 }), (blocks) => {
        const maker = new BlockMaker();
        const decoder = new HpackDecoder(4_096);
        for (const { fields, limits } of blocks) {
          for (const limit of limits) {
            maker.encoder.setLimit(limit);
            decoder.setLimit(limit);
          }
          expect(decode(decoder, maker.make(fields))).to.deep.include({ fields, flaw: undefined });
        }
      }),
    );
  });

  it('sends a line that comes again as one byte from the third time on', () => {
    const maker = new BlockMaker();
    const lengths = [1, 2, 3, 4].map(() => maker.make(RESPONSE).length);
    expect(lengths[0]).to.be.above(20);
    expect(lengths[1]).to.be.above(20);
    expect(lengths.slice(2)).to.deep.equal([3, 3]);
  });

  it('does not keep what comes once', () => {
    const maker = new BlockMaker();
    for (let i = 0; i < 100; i++) maker.make([['x-request-id', `id-${i}`]]);
    expect(maker.encoder.version).to.equal(0);
  });

  it('never keeps a secret, and says so to whoever passes it on', () => {
    const decoder = new HpackDecoder(4_096);
    const maker = new BlockMaker();
    const secrets: readonly Pair[] = [
      ['authorization', 'Basic dTpw'],
      ['set-cookie', 'id=1'],
      ['x-csrf-token', 'abc'],
      ['x-api-key', 'k'],
    ];
    for (let i = 0; i < 3; i++) {
      expect(decode(decoder, maker.make(secrets)).secrets).to.deep.equal([0, 1, 2, 3]);
    }
    expect(maker.encoder.version).to.equal(0);
  });

  it('uses Huffman coding only where that is shorter', () => {
    const maker = new BlockMaker();
    expect(maker.make([['a', '{}{}']]).toString('latin1')).to.include('{}{}');
    expect(maker.make([['a', 'aaaa']]).toString('latin1')).not.to.include('aaaa');
  });

  it('keeps what it remembers within the table', () => {
    const maker = new BlockMaker();
    const decoder = new HpackDecoder(4_096);
    for (let i = 0; i < 2_000; i++) {
      const fields: readonly Pair[] = [[`x-${i % 500}`, `${i % 500}`]];
      decode(decoder, maker.make(fields));
      expect(decode(decoder, maker.make(fields)).fields).to.deep.equal(fields);
    }
  });

  it('tells the smallest and the last table size of several (RFC 7541 section 4.2)', () => {
    const maker = new BlockMaker();
    maker.encoder.setLimit(64);
    maker.encoder.setLimit(128);
    expect(maker.make([[':status', '200']])).to.deep.equal(hex('3f 21 3f 61 88'));
  });
});
