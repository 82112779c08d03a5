import { expect } from 'chai';
import { defaultSettings, readSettings } from '../../src/http2/settings.js';
import { ReceiveWindow, SendWindow } from '../../src/http2/window.js';

function settings(...pairs: readonly (readonly [id: number, value: number])[]): Buffer {
  const bytes = Buffer.alloc(pairs.length * 6);
  for (const [at, [id, value]] of pairs.entries()) {
    bytes.writeUInt16BE(id, at * 6);
    bytes.writeUInt32BE(value, at * 6 + 2);
  }
  return bytes;
}

describe('The settings of a peer', () => {
  it('are taken over in their order, and unknown ones ignored', () => {
    const into = defaultSettings();
    const bytes = settings([1, 0], [3, 7], [4, 100], [5, 20_000], [6, 9_999], [8, 1], [9, 1], [0xff, 5], [4, 200]);
    expect(readSettings(bytes, 0, bytes.length, into, false)).to.equal(undefined);
    expect(into).to.deep.equal({
      headerTableSize: 0,
      maxConcurrentStreams: 7,
      initialWindowSize: 200,
      maxFrameSize: 20_000,
      maxHeaderListSize: 9_999,
      enableConnectProtocol: true,
    });
  });

  for (const [name, id, value, code] of [
    ['push of 2', 2, 2, 1],
    ['a window over 2^31-1', 4, 0x8000_0000, 3],
    ['frames below 16,384 bytes', 5, 16_383, 1],
    ['frames over 2^24-1 bytes', 5, 0x100_0000, 1],
    ['extended CONNECT of 2', 8, 2, 1],
    ['no priorities of 2', 9, 2, 1],
  ] as const) {
    it(`end the connection with ${name}`, () => {
      const bytes = settings([id, value]);
      expect(readSettings(bytes, 0, bytes.length, defaultSettings(), false)).to.include({ streamId: 0, code });
    });
  }

  it('may switch push on when the peer is a client, not when it is a server', () => {
    const bytes = settings([2, 1]);
    expect(readSettings(bytes, 0, 6, defaultSettings(), false)).to.equal(undefined);
    expect(readSettings(bytes, 0, 6, defaultSettings(), true)).to.include({ code: 1 });
  });
});

describe('A window', () => {
  it('for sending may not grow past 2^31-1', () => {
    const window = new SendWindow(65_535);
    window.spend(535);
    expect(window.available).to.equal(65_000);
    expect(window.grow(0x7fff_ffff - 65_000)).to.equal(true);
    expect(window.grow(1)).to.equal(false);
  });

  it('for receiving is told to the peer once half of it was passed on', () => {
    const window = new ReceiveWindow(1_000);
    expect(window.receive(600)).to.equal(true);
    expect(window.release(400)).to.equal(0);
    expect(window.release(200)).to.equal(600);
    expect(window.receive(1_000)).to.equal(true);
    expect(window.receive(1)).to.equal(false);
  });

  it('for receiving may be widened', () => {
    const window = new ReceiveWindow(1_000);
    window.receive(1_000);
    expect(window.widen(3_000)).to.equal(2_000);
    expect(window.widen(3_000)).to.equal(0);
    expect(window.receive(2_000)).to.equal(true);
  });
});
