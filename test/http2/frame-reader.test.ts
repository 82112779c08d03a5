import { expect } from 'chai';
import fc from 'fast-check';
import { FrameReader } from '../../src/http2/frame-reader.js';
import { FrameWriter } from '../../src/http2/frame-writer.js';
import { OutputBuffer } from '../../src/http2/output-buffer.js';
import { FrameRecorder, frame } from './frames.js';

const LIMITS = { blockBytes: 100, continuations: 4 };

/** @param cuts offsets at which the bytes are split */
function read(bytes: Buffer, cuts: readonly number[] = []): readonly string[] {
  const recorder = new FrameRecorder();
  const reader = new FrameReader(recorder, LIMITS);
  let at = 0;
  for (const cut of [...cuts, bytes.length]) {
    // A copy of its own, which is overwritten behind the call, as a read buffer is.
    const piece = Buffer.from(bytes.subarray(at, cut));
    reader.read(piece, 0, piece.length);
    piece.fill(0xaa);
    at = cut;
  }
  return recorder.lines;
}

const EVERYTHING = Buffer.concat([
  frame(4, 0, 0, '\0\x03\0\0\0\x64'),
  frame(4, 1, 0),
  frame(1, 5, 1, 'block'),
  frame(1, 0x2d, 3, '\x02\x80\0\0\x05\x10padded\0\0'),
  frame(1, 1, 5, 'pa'),
  frame(9, 0, 5, 'rt'),
  frame(9, 4, 5, 's'),
  frame(0, 0, 7, 'content'),
  frame(0, 1, 7, ''),
  frame(0, 9, 9, '\x03more\0\0\0'),
  frame(2, 0, 3, '\0\0\0\x03\x10'),
  frame(3, 0, 1, '\0\0\0\x08'),
  frame(6, 0, 0, '12345678'),
  frame(6, 1, 0, '87654321'),
  frame(8, 0, 0, '\0\0\0\x05'),
  frame(8, 0, 0x8000_0007, '\x80\0\0\x06'),
  frame(0x10, 0, 0, '\0\0\0\x07u=1'),
  frame(0xfe, 0xff, 11, 'whatever'),
  frame(7, 0, 0, '\0\0\0\x07\0\0\0\x02why'),
]);

const LINES = [
  'settings 000300000064',
  'settings ack',
  'headers 1 block end',
  'headers 3 padded end',
  'headers 5 parts end',
  'data 7 7',
  'content 7 content',
  'data 7 0 end',
  'content 7  end',
  'data 9 8 end',
  'content 9 more end',
  'priority 3 on itself',
  'reset 1 8',
  'ping 12345678',
  'ping 87654321 ack',
  'window 0 5',
  'window 7 6',
  'priority update 7 u=1',
  'unknown 254',
  'goaway 7 2',
];

const BROKEN: readonly (readonly [name: string, bytes: Buffer, fault: string])[] = [
  ['a frame larger than announced', frame(0xfe, 0, 0, 'x'.repeat(16_385)), '6 frame larger than announced'],
  ['DATA on stream 0', frame(0, 0, 0, 'a'), '1 DATA on stream 0'],
  ['padded DATA on stream 0', frame(0, 8, 0, '\0a'), '1 DATA on stream 0'],
  ['padding as long as its frame', frame(0, 8, 1, '\x01'), '1 padding longer than its frame'],
  ['padding without its length', frame(0, 8, 1), '1 padding longer than its frame'],
  ['HEADERS on stream 0', frame(1, 4, 0, 'a'), '1 HEADERS on stream 0'],
  ['HEADERS too short for a priority', frame(1, 0x24, 1, '1234'), '6 HEADERS without room for its priority'],
  ['PRIORITY on stream 0', frame(2, 0, 0, '12345'), '1 PRIORITY on stream 0'],
  ['PRIORITY of four bytes', frame(2, 0, 1, '1234'), '6 PRIORITY of 4 bytes in place of 5'],
  ['RST_STREAM on stream 0', frame(3, 0, 0, '1234'), '1 RST_STREAM on stream 0'],
  ['RST_STREAM of three bytes', frame(3, 0, 1, '123'), '6 RST_STREAM of 3 bytes in place of 4'],
  ['SETTINGS on a stream', frame(4, 0, 1), '1 SETTINGS on a stream'],
  ['SETTINGS of five bytes', frame(4, 0, 0, '12345'), '6 SETTINGS of no whole number of settings'],
  ['acknowledged SETTINGS with content', frame(4, 1, 0, '123456'), '6 acknowledged SETTINGS of 6 bytes in place of 0'],
  ['PUSH_PROMISE', frame(5, 4, 1, '1234'), '1 PUSH_PROMISE, which is switched off'],
  ['PING on a stream', frame(6, 0, 1, '12345678'), '1 PING on a stream'],
  ['PING of seven bytes', frame(6, 0, 0, '1234567'), '6 PING of 7 bytes in place of 8'],
  ['GOAWAY on a stream', frame(7, 0, 1, '12345678'), '1 GOAWAY on a stream'],
  ['GOAWAY of seven bytes', frame(7, 0, 0, '1234567'), '6 GOAWAY of less than 8 bytes'],
  ['WINDOW_UPDATE of five bytes', frame(8, 0, 0, '12345'), '6 WINDOW_UPDATE of 5 bytes in place of 4'],
  ['CONTINUATION on its own', frame(9, 4, 1, 'a'), '1 CONTINUATION without a header block'],
  ['PRIORITY_UPDATE for stream 0', frame(0x10, 0, 0, '\0\0\0\0u=1'), '1 PRIORITY_UPDATE for stream 0'],
  ['PRIORITY_UPDATE of three bytes', frame(0x10, 0, 0, '123'), '6 PRIORITY_UPDATE of less than 4 bytes'],
  [
    'another stream within a header block',
    Buffer.concat([frame(1, 0, 1, 'a'), frame(9, 4, 3, 'b')]),
    '1 another frame within a header block',
  ],
  [
    'another frame within a header block',
    Buffer.concat([frame(1, 0, 1, 'a'), frame(6, 0, 0, '12345678')]),
    '1 another frame within a header block',
  ],
  [
    'a header block of too many bytes',
    Buffer.concat([frame(1, 0, 1, 'a'.repeat(60)), frame(9, 4, 1, 'a'.repeat(60))]),
    '11 header block too long',
  ],
  [
    'a flood of CONTINUATION (CVE-2024-27316)',
    Buffer.concat([frame(1, 0, 1, 'a'), ...new Array<Buffer>(5).fill(frame(9, 0, 1))]),
    '11 header block too long',
  ],
];

describe('The reader of frames', () => {
  it('finds every frame', () => {
    expect(read(EVERYTHING)).to.deep.equal(LINES);
  });

  it('finds the same frames however the bytes are split', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: EVERYTHING.length }), { maxLength: 20 }), (cuts) => {
        cuts.sort((a, b) => a - b);
        expect(read(EVERYTHING, cuts)).to.deep.equal(LINES);
      }),
    );
    expect(read(EVERYTHING, [...EVERYTHING.keys()])).to.deep.equal(LINES);
  });

  for (const [name, bytes, fault] of BROKEN) {
    it(`ends the connection for ${name}, and reads no further`, () => {
      const lines = read(Buffer.concat([bytes, frame(6, 0, 0, '12345678')]));
      expect(lines.at(-1)).to.equal(`fault ${fault}`);
      expect(read(bytes, [...bytes.keys()].slice(0, 64)).at(-1)).to.equal(`fault ${fault}`);
    });
  }

  it('reads what the writer writes', () => {
    const writer = new FrameWriter(new OutputBuffer());
    writer.settings([[3, 100]]);
    writer.settingsAck();
    writer.ping(Buffer.from('x12345678'), 1, true);
    writer.windowUpdate(7, 0x7fff_ffff);
    writer.reset(0x7fff_ffff, 8);
    writer.goaway(5, 0, 'bye');
    const from = writer.beginHeaders();
    writer.out.text('block');
    writer.endHeaders(from, 9, true);
    expect(read(writer.out.take())).to.deep.equal([
      'settings 000300000064',
      'settings ack',
      'ping 12345678 ack',
      'window 7 2147483647',
      'reset 2147483647 8',
      'goaway 5 0',
      'headers 9 block end',
    ]);
  });

  it('reads a block that the writer had to divide', () => {
    const writer = new FrameWriter(new OutputBuffer());
    const from = writer.beginHeaders();
    writer.out.text('x'.repeat(40_000));
    writer.endHeaders(from, 1, false);
    const recorder = new FrameRecorder();
    const bytes = writer.out.take();
    new FrameReader(recorder, { blockBytes: 40_000, continuations: 2 }).read(bytes, 0, bytes.length);
    expect(recorder.lines).to.deep.equal([`headers 1 ${'x'.repeat(40_000)}`]);
  });

  it('ends on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        read(Buffer.from(bytes));
      }),
      { numRuns: 2_000 },
    );
  });
});
