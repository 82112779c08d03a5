import { expect } from 'chai';
import { type Backend, startBackend, startRawBackend } from '../../support/backend.js';
import { stopEverything } from '../../support/cleanup.js';
import {
  block,
  END_HEADERS,
  END_STREAM,
  type Field,
  frame,
  GET,
  Http2Peer,
  headers,
  POST,
  PREFACE,
  TYPE,
  uint,
} from '../../support/http2-peer.js';
import { connect } from '../../support/peer.js';
import { startProxy } from '../../support/proxy.js';

const PROTOCOL_ERROR = 1;
const FLOW_CONTROL_ERROR = 3;
const STREAM_CLOSED = 5;
const FRAME_SIZE_ERROR = 6;
const REFUSED_STREAM = 7;
const COMPRESSION_ERROR = 9;
const CALM = 11;

const goaway = (code: number): string => `goaway ${code}`;
const reset = (code: number): string => `reset ${code}`;

/** What a client sends behind its preface and SETTINGS, and how the stream, or the connection, ends. */
interface Rule {
  readonly name: string;
  readonly sends: string;
  readonly ends: string;
  /** The stream that is looked at; 1 unless given. */
  readonly streamId?: number;
}

function getWith(...more: readonly Field[]): string {
  return headers(1, [...GET, ...more]);
}

function getWithout(name: string, ...more: readonly Field[]): string {
  return headers(1, [...GET.filter(([each]) => each !== name), ...more]);
}

const RULES: readonly Rule[] = [
  // RFC 9113 section 4
  { name: '4.1: a frame of an unknown type is ignored', sends: frame(0x42, 0xff, 0, 'x') + getWith(), ends: 'answer' },
  {
    name: '4.2: a frame larger than announced',
    sends: frame(TYPE.data, 0, 1, 'x'.repeat(16_385)),
    ends: goaway(FRAME_SIZE_ERROR),
  },
  {
    name: '4.3: a header block that cannot be decoded',
    sends: frame(TYPE.headers, 5, 1, '\x80'),
    ends: goaway(COMPRESSION_ERROR),
  },
  // section 5.1
  { name: '5.1: DATA on an idle stream', sends: frame(TYPE.data, 0, 1, 'x'), ends: goaway(PROTOCOL_ERROR) },
  {
    name: '5.1: RST_STREAM on an idle stream',
    sends: frame(TYPE.reset, 0, 1, uint(8, 4)),
    ends: goaway(PROTOCOL_ERROR),
  },
  {
    name: '5.1: WINDOW_UPDATE on an idle stream',
    sends: frame(TYPE.window, 0, 1, uint(1, 4)),
    ends: goaway(PROTOCOL_ERROR),
  },
  {
    name: '5.1: DATA behind the end of a request',
    sends: getWith() + frame(TYPE.data, 0, 1, 'x'),
    ends: reset(STREAM_CLOSED),
  },
  { name: '5.1: HEADERS behind the end of a request', sends: getWith() + getWith(), ends: reset(STREAM_CLOSED) },
  { name: '5.1.1: a stream of even number', sends: headers(2, GET), ends: goaway(PROTOCOL_ERROR), streamId: 2 },
  {
    name: '5.1.1: a stream below the last one',
    sends: headers(5, GET) + headers(3, GET),
    ends: goaway(STREAM_CLOSED),
    streamId: 3,
  },
  // section 6
  {
    name: '6.1: padding longer than its frame',
    sends: headers(1, POST, 0) + frame(TYPE.data, 8, 1, '\x05abc'),
    ends: goaway(PROTOCOL_ERROR),
  },
  { name: '6.2: HEADERS without a stream', sends: frame(TYPE.headers, 5, 0, block(GET)), ends: goaway(PROTOCOL_ERROR) },
  {
    name: '6.3: PRIORITY of a wrong length',
    sends: frame(TYPE.priority, 0, 1, 'abcd'),
    ends: goaway(FRAME_SIZE_ERROR),
  },
  {
    name: '6.3: PRIORITY on a stream that nobody opened',
    sends: frame(TYPE.priority, 0, 9, `${uint(0, 4)}\x10`) + getWith(),
    ends: 'answer',
  },
  {
    name: '5.3.1 of RFC 7540: a stream that depends on itself',
    sends: frame(TYPE.headers, 0x25, 1, `${uint(1, 4)}\x10${block(GET)}`),
    ends: reset(PROTOCOL_ERROR),
  },
  { name: '6.4: RST_STREAM of a wrong length', sends: frame(TYPE.reset, 0, 1, 'abc'), ends: goaway(FRAME_SIZE_ERROR) },
  { name: '6.5: SETTINGS on a stream', sends: frame(TYPE.settings, 0, 1), ends: goaway(PROTOCOL_ERROR) },
  { name: '6.5: SETTINGS of half a setting', sends: frame(TYPE.settings, 0, 0, 'abc'), ends: goaway(FRAME_SIZE_ERROR) },
  {
    name: '6.5.2: a push setting of 2',
    sends: frame(TYPE.settings, 0, 0, uint(2, 2) + uint(2, 4)),
    ends: goaway(PROTOCOL_ERROR),
  },
  {
    name: '6.5.2: a window of 2^31',
    sends: frame(TYPE.settings, 0, 0, uint(4, 2) + uint(2 ** 31, 4)),
    ends: goaway(FLOW_CONTROL_ERROR),
  },
  { name: '6.6: PUSH_PROMISE', sends: frame(TYPE.push, 4, 1, uint(2, 4)), ends: goaway(PROTOCOL_ERROR) },
  { name: '6.7: PING on a stream', sends: frame(TYPE.ping, 0, 1, '12345678'), ends: goaway(PROTOCOL_ERROR) },
  { name: '6.8: GOAWAY, and then a request', sends: frame(TYPE.goaway, 0, 0, uint(0, 8)) + getWith(), ends: 'answer' },
  {
    name: '6.9: WINDOW_UPDATE of 0 for a stream',
    sends: headers(1, POST, 0) + frame(TYPE.window, 0, 1, uint(0, 4)),
    ends: reset(PROTOCOL_ERROR),
  },
  {
    name: '6.9: WINDOW_UPDATE of 0 for the connection',
    sends: frame(TYPE.window, 0, 0, uint(0, 4)),
    ends: goaway(PROTOCOL_ERROR),
  },
  {
    name: '6.9.1: a window of a stream over 2^31-1',
    sends: headers(1, POST, 0) + frame(TYPE.window, 0, 1, uint(2 ** 31 - 1, 4)),
    ends: reset(FLOW_CONTROL_ERROR),
  },
  {
    name: '6.9.1: a window of the connection over 2^31-1',
    sends: frame(TYPE.window, 0, 0, uint(2 ** 31 - 1, 4)),
    ends: goaway(FLOW_CONTROL_ERROR),
  },
  { name: '6.10: CONTINUATION on its own', sends: frame(TYPE.continuation, 4, 1), ends: goaway(PROTOCOL_ERROR) },
  {
    name: '6.10: a header block in three frames',
    sends:
      frame(TYPE.headers, END_STREAM, 1, block(GET).slice(0, 5)) +
      frame(TYPE.continuation, 0, 1, block(GET).slice(5, 20)) +
      frame(TYPE.continuation, END_HEADERS, 1, block(GET).slice(20)),
    ends: 'answer',
  },
  {
    name: '6.10: DATA within a header block',
    sends: frame(TYPE.headers, 0, 1, block(POST)) + frame(TYPE.data, 0, 1, 'x'),
    ends: goaway(PROTOCOL_ERROR),
  },
  // section 8.1
  {
    name: '8.1: trailers that do not end the stream',
    sends: headers(1, POST, 0) + headers(1, [['a', 'b']], 0),
    ends: reset(PROTOCOL_ERROR),
  },
  {
    name: '8.1: a pseudo-header in trailers',
    sends: headers(1, POST, 0) + headers(1, [[':path', '/admin']]),
    ends: reset(PROTOCOL_ERROR),
  },
  {
    name: '8.1.1: less content than content-length',
    sends: headers(1, [...POST, ['content-length', '5']], 0) + frame(TYPE.data, END_STREAM, 1, 'abc'),
    ends: reset(PROTOCOL_ERROR),
  },
  {
    name: '8.1.1: more content than content-length',
    sends: headers(1, [...POST, ['content-length', '2']], 0) + frame(TYPE.data, END_STREAM, 1, 'abc'),
    ends: reset(PROTOCOL_ERROR),
  },
  { name: '8.1.1: a length and no content', sends: getWith(['content-length', '5']), ends: reset(PROTOCOL_ERROR) },
  // section 8.2: smuggling by downgrade
  { name: '8.2.1: a capital letter in a name', sends: getWith(['X-A', 'b']), ends: reset(PROTOCOL_ERROR) },
  { name: '8.2.1: a colon in a name', sends: getWith(['a:b', 'c']), ends: reset(PROTOCOL_ERROR) },
  { name: '8.2.1: a line end in a name', sends: getWith(['a\r\nb', 'c']), ends: reset(PROTOCOL_ERROR) },
  { name: '8.2.1: a line end in a value', sends: getWith(['a', 'b\r\nx: y']), ends: reset(PROTOCOL_ERROR) },
  { name: '8.2.1: LF in a value', sends: getWith(['a', 'b\nc']), ends: reset(PROTOCOL_ERROR) },
  { name: '8.2.1: NUL in a value', sends: getWith(['a', 'b\0']), ends: reset(PROTOCOL_ERROR) },
  { name: '8.2.1: white space around a value', sends: getWith(['a', ' b']), ends: reset(PROTOCOL_ERROR) },
  {
    name: '8.2.2: transfer-encoding (H2.TE)',
    sends: getWith(['transfer-encoding', 'chunked']),
    ends: reset(PROTOCOL_ERROR),
  },
  { name: '8.2.2: connection', sends: getWith(['connection', 'x']), ends: reset(PROTOCOL_ERROR) },
  { name: '8.2.2: upgrade', sends: getWith(['upgrade', 'websocket']), ends: reset(PROTOCOL_ERROR) },
  { name: '8.2.2: te: gzip', sends: getWith(['te', 'gzip']), ends: reset(PROTOCOL_ERROR) },
  { name: '8.2.2: te: trailers', sends: getWith(['te', 'trailers']), ends: 'answer' },
  // section 8.3
  { name: '8.3.1: no method', sends: getWithout(':method'), ends: reset(PROTOCOL_ERROR) },
  { name: '8.3.1: no scheme', sends: getWithout(':scheme'), ends: reset(PROTOCOL_ERROR) },
  { name: '8.3.1: no path', sends: getWithout(':path'), ends: reset(PROTOCOL_ERROR) },
  {
    name: '8.3.1: an empty path',
    sends: headers(1, [...GET.slice(0, 2), [':path', ''], [':authority', 'a']]),
    ends: reset(PROTOCOL_ERROR),
  },
  { name: '8.3: a method twice', sends: headers(1, [[':method', 'GET'], ...GET]), ends: reset(PROTOCOL_ERROR) },
  { name: '8.3: a path twice', sends: headers(1, [[':path', '/'], ...GET]), ends: reset(PROTOCOL_ERROR) },
  { name: '8.3: a late pseudo-header', sends: getWith(['a', 'b'], [':path', '/']), ends: reset(PROTOCOL_ERROR) },
  { name: '8.3: an unknown pseudo-header', sends: headers(1, [...GET, [':x', 'y']]), ends: reset(PROTOCOL_ERROR) },
  {
    name: '8.3: a pseudo-header of responses',
    sends: headers(1, [...GET, [':status', '200']]),
    ends: reset(PROTOCOL_ERROR),
  },
  {
    name: '8.3.1: a line end in the path',
    sends: getWithout(':path', [':path', '/ HTTP/1.1\r\nHost: b']),
    ends: reset(PROTOCOL_ERROR),
  },
  {
    name: '8.3.1: a host that is not the authority',
    sends: getWith(['host', 'other.test']),
    ends: reset(PROTOCOL_ERROR),
  },
  {
    name: '8.5: CONNECT with a path',
    sends: getWithout(':method', [':method', 'CONNECT']),
    ends: reset(PROTOCOL_ERROR),
  },
];

/** Sends of what there may be too much of. */
const FLOODS: readonly (readonly [name: string, sends: (at: number) => string, most?: number])[] = [
  [
    'streams that are reset at once (CVE-2023-44487)',
    (at) => headers(2 * at + 1, GET) + frame(TYPE.reset, 0, 2 * at + 1, uint(8, 4)),
  ],
  [
    'streams that provoke a reset (CVE-2025-8671)',
    (at) => headers(2 * at + 1, POST, 0) + frame(TYPE.window, 0, 2 * at + 1, uint(0, 4)),
  ],
  ['PING (CVE-2019-9512)', () => frame(TYPE.ping, 0, 0, '12345678')],
  ['SETTINGS (CVE-2019-9515)', () => frame(TYPE.settings, 0, 0)],
  ['PRIORITY (CVE-2019-9513)', () => frame(TYPE.priority, 0, 1, `${uint(0, 4)}\x10`)],
  ['frames of an unknown type', () => frame(0x77, 0, 0)],
  ['WINDOW_UPDATE', () => frame(TYPE.window, 0, 0, uint(1, 4)), 25_000],
];

describe('A connection of HTTP/2', () => {
  let backend: Backend;
  let seen: string[];

  beforeEach(async () => {
    seen = [];
    backend = await startBackend((request, response) => {
      seen.push(`${request.method} ${request.url}`);
      request.resume().on('end', () => response.end('ok'));
    });
  });
  afterEach(stopEverything);

  for (const { name, sends, ends, streamId = 1 } of RULES) {
    it(`follows RFC 9113 ${name}`, async () => {
      const proxy = await startProxy({ backends: [backend.address] });
      const client = await Http2Peer.connect(proxy.port);
      client.send(sends);
      expect(await client.outcome(streamId)).to.equal(ends);
      if (ends.startsWith('reset')) expect(await client.answersPing(), 'the connection goes on').to.equal(true);
    });
  }

  it('lets no request that breaks a rule reach a backend', async () => {
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await Http2Peer.connect(proxy.port);
    client.send(headers(1, [...GET, ['transfer-encoding', 'chunked']]));
    expect(await client.outcome(1)).to.equal(reset(PROTOCOL_ERROR));
    client.send(headers(3, GET));
    expect(await client.outcome(3)).to.equal('answer');
    expect(seen).to.deep.equal(['GET /']);
  });

  for (const [name, sends, most = 1_500] of FLOODS) {
    it(`ends for a flood of ${name}, and no other does`, async () => {
      const proxy = await startProxy({ backends: [backend.address] });
      const other = await Http2Peer.connect(proxy.port);
      const client = await Http2Peer.connect(proxy.port);
      let flood = '';
      for (let at = 0; at < most; at++) flood += sends(at);
      client.send(flood);
      const { payload } = await client.until(({ type }) => type === TYPE.goaway);
      expect(payload.readUInt32BE(4)).to.equal(CALM);
      await client.peer.gone();
      other.send(headers(1, GET));
      expect(await other.outcome(1)).to.equal('answer');
    });
  }

  it('ends for a flood of CONTINUATION (CVE-2024-27316)', async () => {
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await Http2Peer.connect(proxy.port);
    client.send(frame(TYPE.headers, 0, 1, block(GET)) + frame(TYPE.continuation, 0, 1).repeat(1_000));
    expect(await client.outcome(1)).to.equal(goaway(CALM));
  });

  it('ends for a flood of empty DATA (CVE-2019-9518)', async () => {
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await Http2Peer.connect(proxy.port);
    client.send(headers(1, POST, 0) + frame(TYPE.data, 0, 1).repeat(1_000));
    const { payload } = await client.until(({ type }) => type === TYPE.goaway);
    expect(payload.readUInt32BE(4)).to.equal(CALM);
  });

  it('refuses streams above the limit, and serves the others', async () => {
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await Http2Peer.connect(proxy.port);
    let opens = '';
    for (let at = 0; at < 129; at++) opens += headers(2 * at + 1, POST, 0);
    client.send(opens);
    expect(await client.outcome(257)).to.equal(reset(REFUSED_STREAM));
    client.send(frame(TYPE.data, END_STREAM, 1));
    expect(await client.outcome(1)).to.equal('answer');
  });

  it('ends when a client sends past its window', async () => {
    const deaf = await startRawBackend((peer) => void peer.socket.pause());
    const proxy = await startProxy({ backends: [deaf.address] });
    const client = await Http2Peer.connect(proxy.port);
    // More than the sockets hold in between.
    client.send(headers(1, POST, 0) + frame(TYPE.data, 0, 1, 'x'.repeat(16_384)).repeat(1_500));
    expect(await client.outcome(1)).to.match(/^(?:reset|goaway) 3$/);
    for (const peer of deaf.peers) peer.socket.resume();
  });

  it('refuses a header list that is too large with 431', async () => {
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await Http2Peer.connect(proxy.port);
    const list = block([...GET, ['a', 'x'.repeat(16_000)], ['b', 'x'.repeat(1_000)]]);
    client.send(
      frame(TYPE.headers, END_STREAM, 1, list.slice(0, 16_384)) +
        frame(TYPE.continuation, END_HEADERS, 1, list.slice(16_384)),
    );
    const answer = await client.until(({ type, streamId }) => type === TYPE.headers && streamId === 1);
    expect(answer.payload.toString('latin1')).to.include('431');
  });

  it('ends at once for anything but the preface', async () => {
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.send(`${PREFACE.slice(0, 18)}XX\r\n\r\n`);
    await client.gone();
  });

  it('takes everything byte by byte', async () => {
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await Http2Peer.connect(proxy.port);
    await client.peer.drip(headers(1, POST, 0) + frame(TYPE.data, 0, 1, 'abc') + frame(TYPE.data, END_STREAM, 1, 'd'));
    expect(await client.outcome(1)).to.equal('answer');
  });
});
