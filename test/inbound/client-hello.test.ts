import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { connect } from 'node:tls';
import { expect } from 'chai';
import fc from 'fast-check';
import { MOST_HELLO_BYTES, readClientHello } from '../../src/inbound/client-hello.js';

const RANDOM = Buffer.alloc(32, 7);
/** Types that mean nothing, which clients send so that servers ignore what they do not know (RFC 8701). */
const GREASE = [0x0a0a, 0xfafa];

interface Parts {
  readonly name?: string;
  /** Bytes of a padding extension (RFC 7685). */
  readonly padding?: number;
  readonly extensions?: readonly Buffer[];
}

function vector(width: 1 | 2 | 3, bytes: Buffer): Buffer {
  const length = Buffer.alloc(width);
  length.writeUIntBE(bytes.length, 0, width);
  return Buffer.concat([length, bytes]);
}

function extension(type: number, data: Buffer): Buffer {
  return Buffer.concat([Buffer.from([type >> 8, type & 0xff]), vector(2, data)]);
}

const nameExtension = (name: string, type = 0) =>
  extension(0, vector(2, Buffer.concat([Buffer.from([type]), vector(2, Buffer.from(name, 'latin1'))])));

/** A ClientHello with its message head, without records. */
function message({ name, padding = 0, extensions = [] }: Parts): Buffer {
  const list = [
    ...GREASE.map((type) => extension(type, Buffer.from([0]))),
    ...(padding > 0 ? [extension(21, Buffer.alloc(padding))] : []),
    ...(name === undefined ? [] : [nameExtension(name)]),
    ...extensions,
  ];
  const suites = vector(2, Buffer.from('0a0a130113021303', 'hex'));
  const fixed = Buffer.concat([
    Buffer.from([3, 3]),
    RANDOM,
    vector(1, Buffer.alloc(32, 1)),
    suites,
    vector(1, Buffer.from([0])),
  ]);
  return Buffer.concat([Buffer.from([1]), vector(3, Buffer.concat([fixed, vector(2, Buffer.concat(list))]))]);
}

/** Cuts a message into records of `size` bytes. */
function records(bytes: Buffer, size = 16_384): Buffer {
  const cuts = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => index * size);
  return Buffer.concat(
    cuts.map((at) => Buffer.concat([Buffer.from([22, 3, 1]), vector(2, bytes.subarray(at, at + size))])),
  );
}

const hello = (parts: Parts): Buffer => records(message(parts));

/** @returns what a client of Node's own sends first */
async function realHello(servername: string | undefined, ALPNProtocols: string[] = []): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const named = servername === undefined ? {} : { servername };
  const client = connect({ host: '127.0.0.1', port, ALPNProtocols, ...named });
  client.on('error', () => {});
  const [socket] = await once(server, 'connection');
  const [bytes] = await once(socket, 'data');
  client.destroy();
  socket.destroy();
  server.close();
  return bytes;
}

describe('The server name of a ClientHello', () => {
  it('is read from what a real client sends, and so is that it names none', async () => {
    expect(readClientHello(await realHello('Db.Example.com'))).to.include({ serverName: 'db.example.com' });
    expect(readClientHello(await realHello(undefined))).to.include({ serverName: '' });
  });

  it('is read however the bytes arrive, and whatever records they are cut into', () => {
    const bytes = message({ name: 'a.example.com' });
    for (const size of [4, 5, 50, bytes.length - 1, bytes.length]) {
      const cut = records(bytes, size);
      for (let length = 0; length < cut.length; length++) {
        expect(readClientHello(cut.subarray(0, length)), `${length} bytes of records of ${size}`).to.equal(
          'incomplete',
        );
      }
      expect(readClientHello(cut)).to.include({ serverName: 'a.example.com' });
      expect(readClientHello(Buffer.concat([cut, Buffer.alloc(99, 1)]))).to.include({ serverName: 'a.example.com' });
    }
  });

  it('is read from a message that is larger than one record', () => {
    expect(readClientHello(hello({ name: 'large.example', padding: 40_000 }))).to.include({
      serverName: 'large.example',
    });
  });

  it('is read where the message begins in a record of one byte', () => {
    const bytes = message({ name: 'a.example.com' });
    const cut = Buffer.concat([
      records(bytes.subarray(0, 1)),
      records(bytes.subarray(1, 3)),
      records(bytes.subarray(3)),
    ]);
    expect(readClientHello(cut)).to.include({ serverName: 'a.example.com' });
  });

  it('is empty where there is none, and in a message without extensions', () => {
    expect(readClientHello(hello({}))).to.include({ serverName: '' });
    const body = Buffer.concat([Buffer.from([3, 1]), RANDOM, Buffer.from([0, 0, 2, 0, 0x2f, 1, 0])]);
    const old = Buffer.concat([Buffer.from([1]), vector(3, body)]);
    expect(readClientHello(records(old))).to.include({ serverName: '' });
  });

  for (const [what, extensions] of [
    ['twice', [nameExtension('a.example'), nameExtension('b.example')]],
    ['with characters that no name has', [nameExtension('a.example/"\n')]],
    ['as an empty text', [nameExtension('')]],
    ['longer than a name can be', [nameExtension(`${'a'.repeat(254)}`)]],
    ['in an extension that goes past the end of the others', [Buffer.from('0000ffff', 'hex')]],
    ['in a list that goes past its end', [extension(0, Buffer.from('00ff000001', 'hex'))]],
  ] as const) {
    it(`is refused ${what}`, () => expect(readClientHello(hello({ extensions }))).to.equal('not-tls'));
  }
});

describe('The protocols of a ClientHello', () => {
  const alpn = (list: string) => extension(16, Buffer.from(list, 'hex'));

  it('are read from what a real client sends, in its order', async () => {
    const bytes = await realHello('a.example.com', ['acme-tls/1', 'h2']);
    expect(readClientHello(bytes)).to.deep.equal({ serverName: 'a.example.com', protocols: ['acme-tls/1', 'h2'] });
  });

  it('are none where the client offers none', () => {
    expect(readClientHello(hello({}))).to.deep.equal({ serverName: '', protocols: [] });
  });

  it('are refused where their list goes past its end, or ends before the extension', () => {
    for (const list of ['0009026832', '000302683200', '00030968', '00']) {
      expect(readClientHello(hello({ extensions: [alpn(list)] })), list).to.equal('not-tls');
    }
  });
});

describe('What is no ClientHello', () => {
  for (const [what, bytes] of [
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['SSL 2', Buffer.from('802e0100020015', 'hex')],
    ['a record without content', Buffer.from('1603010000', 'hex')],
    ['a record longer than TLS allows', Buffer.from('1603014001', 'hex')],
    ['another handshake message', Buffer.from('160301000402000000', 'hex')],
    ['an alert', Buffer.from('15030100020228', 'hex')],
  ] as const) {
    it(`is refused by its first bytes: ${what}`, () => expect(readClientHello(bytes)).to.equal('not-tls'));
  }

  it('is refused as soon as its head says that it is too large', () => {
    const length = Buffer.alloc(3);
    length.writeUIntBE(MOST_HELLO_BYTES, 0, 3);
    expect(readClientHello(records(Buffer.concat([Buffer.from([1]), length])))).to.equal('too-large');
  });

  it('is refused when it comes in countless records', () => {
    expect(readClientHello(records(message({ padding: 500 }), 1))).to.equal('too-large');
  });

  it('never throws, and a verdict on it does not change with what follows', () => {
    const whole = hello({ name: 'a.example.com', padding: 30 });
    const changed = fc.tuple(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length)).map(([at, value, end]) => {
      const bytes = Buffer.from(whole);
      bytes[at] = value;
      return bytes.subarray(0, end);
    });
    const any = fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.concat([Buffer.from('160301', 'hex'), bytes]));
    fc.assert(
      fc.property(fc.oneof(changed, any), (bytes) => {
        let verdict: unknown = 'incomplete';
        for (let length = 0; length <= bytes.length; length++) {
          const read = readClientHello(bytes.subarray(0, length));
          if (verdict !== 'incomplete') expect(read).to.deep.equal(verdict);
          verdict = read;
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
