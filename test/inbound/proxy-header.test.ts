import { expect } from 'chai';
import fc from 'fast-check';
import { crc32c } from '../../src/inbound/crc32c.js';
import { beginsProxyHeader, readProxyHeader, writeProxyHeader } from '../../src/inbound/proxy-header.js';
import { MOST_V2_PAYLOAD } from '../../src/inbound/proxy-v2.js';

const SIGNATURE = '0d0a0d0a000d0a515549540a';
const CLIENT = { host: '203.0.113.9', port: 41_234 };
const HERE = { host: '192.0.2.1', port: 443 };
/** Addresses and ports of {@link CLIENT} and {@link HERE} as version 2 has them. */
const ADDRESSES = 'cb007109c0000201a11201bb';
const TO_END = { source: CLIENT, destination: HERE };

const text = (line: string) => readProxyHeader(Buffer.from(line, 'latin1'));

/** A header of version 2: command and family, then what follows its length. */
function v2(commandAndFamily: string, payload: string): Buffer {
  const bytes = Buffer.from(payload, 'hex');
  const length = Buffer.from([bytes.length >> 8, bytes.length & 0xff]).toString('hex');
  return Buffer.from(SIGNATURE + commandAndFamily + length + payload, 'hex');
}

/** A TLV of version 2 as hexadecimal digits. */
function tlv(type: number, value: Buffer): string {
  return Buffer.concat([Buffer.from([type, value.length >> 8, value.length & 0xff]), value]).toString('hex');
}

/** A header with a checksum, which is right unless `wrong`. */
function checked(wrong = false): Buffer {
  const header = v2(
    '2111',
    ADDRESSES + tlv(4, Buffer.alloc(9, 7)) + tlv(3, Buffer.alloc(4)) + tlv(1, Buffer.from('h2')),
  );
  const at = 16 + 12 + 12 + 3;
  header.writeUInt32BE((crc32c(header) + (wrong ? 1 : 0)) >>> 0, at);
  return header;
}

describe('A PROXY header of version 1', () => {
  it('names the client and where it has connected to', () => {
    const line = 'PROXY TCP4 203.0.113.9 192.0.2.1 41234 443\r\n';
    expect(text(`${line}GET /`)).to.deep.equal({ length: line.length, endpoints: TO_END });
  });

  it('may have IPv6 addresses in any spelling', () => {
    const read = text('PROXY TCP6 2001:DB8:0:0::9 ::ffff:192.0.2.1 1 65535\r\n');
    expect(read).to.have.nested.property('endpoints.source.host', '2001:db8::9');
    expect(read).to.have.nested.property('endpoints.destination.host', '192.0.2.1');
  });

  it('keeps the address of the peer where the client is unknown, whatever follows', () => {
    expect(text('PROXY UNKNOWN\r\n')).to.deep.equal({ length: 15, endpoints: undefined });
    const longest = `PROXY UNKNOWN ${'f'.repeat(91)}\r\n`;
    expect(longest).to.have.length(107);
    expect(text(longest)).to.deep.equal({ length: 107, endpoints: undefined });
  });

  for (const line of [
    'PROXY TCP4 203.0.113.9 192.0.2.1 41234\r\n',
    'PROXY TCP4 203.0.113.9 192.0.2.1 41234 65536\r\n',
    'PROXY TCP4 203.0.113.9 192.0.2.1 041234 443\r\n',
    'PROXY TCP4 203.0.113.999 192.0.2.1 41234 443\r\n',
    'PROXY TCP4 203.0.113.9  192.0.2.1 41234 443\r\n',
    'PROXY TCP4 203.0.113.9 192.0.2.1 41234 443 \r\n',
    'PROXY TCP6 203.0.113.9 192.0.2.1 41234 443\r\n',
    'PROXY TCP6 fe80::1%eth0 ::1 41234 443\r\n',
    'PROXY TCP4 203.0.113.9 192.0.2.1 41234 443\n\r\n',
    'PROXY UDP4 203.0.113.9 192.0.2.1 41234 443\r\n',
    'PROXY UNKNOWNX\r\n',
    'PROXY \r\n',
  ]) {
    it(`is refused as ${JSON.stringify(line)}`, () => expect(text(line)).to.equal('malformed'));
  }

  it('is refused when it does not end within 107 bytes', () => {
    expect(text(`PROXY UNKNOWN ${'f'.repeat(92)}`)).to.equal('incomplete');
    expect(text(`PROXY UNKNOWN ${'f'.repeat(93)}\r\n`)).to.equal('too-large');
  });
});

describe('A PROXY header of version 2', () => {
  it('names the client and where it has connected to', () => {
    expect(readProxyHeader(v2('2111', ADDRESSES))).to.deep.equal({ length: 28, endpoints: TO_END });
  });

  it('may have IPv6 addresses', () => {
    const source = '20010db8000000000000000000000009';
    const mapped = '00000000000000000000ffffc0000201';
    expect(readProxyHeader(v2('2121', `${source}${mapped}a11201bb`))).to.deep.equal({
      length: 52,
      endpoints: { source: { host: '2001:db8::9', port: 41_234 }, destination: HERE },
    });
  });

  it('keeps the address of the peer with LOCAL, and ignores everything else in it', () => {
    expect(readProxyHeader(v2('2000', ''))).to.deep.equal({ length: 16, endpoints: undefined });
    expect(readProxyHeader(v2('20ff', 'ffff03'))).to.deep.equal({ length: 19, endpoints: undefined });
  });

  for (const [what, family, payload] of [
    ['of no family', '2100', 'abcd'],
    ['of a Unix socket', '2131', '00'.repeat(216)],
    ['of UDP', '2112', ADDRESSES],
  ] as const) {
    it(`keeps the address of the peer for a connection ${what}`, () => {
      expect(readProxyHeader(v2(family, payload))).to.have.property('endpoints', undefined);
    });
  }

  it('may have TLVs, which are skipped', () => {
    const tlvs = tlv(0x20, Buffer.alloc(4_000, 1)) + tlv(0x04, Buffer.alloc(0)) + tlv(0xea, Buffer.from('vpce-1'));
    expect(readProxyHeader(v2('2111', ADDRESSES + tlvs))).to.have.deep.property('endpoints', TO_END);
  });

  it('is checked by its CRC-32C where it has one', () => {
    expect(readProxyHeader(checked())).to.have.deep.property('endpoints', TO_END);
    expect(readProxyHeader(checked(true))).to.equal('checksum');
    const changed = checked();
    changed[20] = 1;
    expect(readProxyHeader(changed)).to.equal('checksum');
  });

  for (const [what, header] of [
    ['of an unknown version', v2('1111', ADDRESSES)],
    ['with an unknown command', v2('2211', ADDRESSES)],
    ['of an unknown family', v2('2141', ADDRESSES)],
    ['of an unknown transport', v2('2113', ADDRESSES)],
    ['that is shorter than its addresses', v2('2111', ADDRESSES.slice(2))],
    ['with a TLV that goes past its end', v2('2111', `${ADDRESSES}010003ff`)],
    ['with half of a TLV', v2('2111', `${ADDRESSES}0100`)],
    ['with a checksum of three bytes', v2('2111', `${ADDRESSES}030003000000`)],
  ] as const) {
    it(`is refused ${what}`, () => expect(readProxyHeader(header)).to.equal('malformed'));
  }

  it('is refused by its length alone when it is too large', () => {
    const header = v2('2111', '00'.repeat(MOST_V2_PAYLOAD + 1));
    expect(readProxyHeader(header.subarray(0, 16))).to.equal('too-large');
  });
});

describe('The first bytes of a connection', () => {
  for (const bytes of ['GET / HTTP/1.1\r\n', 'PROXYTCP4', '\r\n\r\n\0\r\nQUIT\r', '\x16\x03\x01', 'P\r\n']) {
    it(`are no PROXY header as ${JSON.stringify(bytes)}`, () => expect(text(bytes)).to.equal('missing'));
  }

  it('are recognised as a PROXY header that nobody may send', () => {
    expect(beginsProxyHeader(v2('2111', ADDRESSES))).to.equal(true);
    expect(beginsProxyHeader(Buffer.from('PROXY TCP4 203.0.113.9'))).to.equal(true);
    expect(beginsProxyHeader(Buffer.from('PROX'))).to.equal(false);
    expect(beginsProxyHeader(Buffer.from('GET / HTTP/1.1'))).to.equal(false);
  });

  it('mean the same however they arrive, and the header never takes a byte of what follows', () => {
    const headers = fc.constantFrom(
      Buffer.from('PROXY TCP4 203.0.113.9 192.0.2.1 41234 443\r\n'),
      Buffer.from('PROXY UNKNOWN\r\n'),
      v2('2111', ADDRESSES + tlv(2, Buffer.from('a.example'))),
      v2('2000', ''),
      checked(),
    );
    fc.assert(
      fc.property(headers, fc.uint8Array({ maxLength: 200 }), (header, behind) => {
        const bytes = Buffer.concat([header, behind]);
        for (let length = 0; length < header.length; length++) {
          expect(readProxyHeader(bytes.subarray(0, length)), `${length} bytes`).to.equal('incomplete');
        }
        for (let length = header.length; length <= bytes.length; length++) {
          expect(readProxyHeader(bytes.subarray(0, length))).to.have.property('length', header.length);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('never throw, and a verdict on them does not change with what follows', () => {
    const parts = fc.constantFrom(
      'PROXY ',
      'TCP4 ',
      'UNKNOWN',
      '1.2.3.4 ',
      '80 ',
      '\r\n',
      '::1 ',
      '\0\r\nQUIT\n',
      '\r\n\r\n',
    );
    const likely = fc.array(parts, { maxLength: 12 }).map((list) => Buffer.from(list.join(''), 'latin1'));
    const signed = fc
      .uint8Array({ maxLength: 300 })
      .map((rest) => Buffer.concat([Buffer.from(SIGNATURE, 'hex'), rest]));
    const any = fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(fc.oneof(likely, signed, any), (bytes) => {
        let verdict: unknown = 'incomplete';
        for (let length = 0; length <= bytes.length; length++) {
          const read = readProxyHeader(bytes.subarray(0, length));
          if (verdict !== 'incomplete') expect(read).to.deep.equal(verdict);
          verdict = read;
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('A PROXY header that is written', () => {
  const ports = fc.integer({ min: 0, max: 65_535 });
  const v4 = fc.tuple(fc.ipV4(), ports);
  const v6 = fc.tuple(fc.ipV6(), ports);

  for (const version of ['v1', 'v2'] as const) {
    it(`is read as what it tells, in ${version}`, () => {
      fc.assert(
        fc.property(fc.oneof(fc.tuple(v4, v4), fc.tuple(v6, v6)), ([[from, fromPort], [to, toPort]]) => {
          const line = `PROXY TCP${from.includes(':') ? 6 : 4} ${from} ${to} ${fromPort} ${toPort}\r\n`;
          const read = text(line);
          if (typeof read === 'string' || read.endpoints === undefined) throw new Error(`${line} is ${String(read)}`);
          const written = writeProxyHeader(version, read.endpoints);
          expect(text(written)).to.deep.equal({ length: written.length, endpoints: read.endpoints });
        }),
      );
    });

    it(`is that of a connection of our own without a client, in ${version}`, () => {
      const written = writeProxyHeader(version, undefined);
      expect(text(written)).to.deep.equal({ length: written.length, endpoints: undefined });
    });

    it(`tells of both where one is IPv4 and the other IPv6, in ${version}`, () => {
      const endpoints = { source: CLIENT, destination: { host: '2001:db8::1', port: 443 } };
      expect(text(writeProxyHeader(version, endpoints))).to.have.deep.property('endpoints', endpoints);
    });
  }
});

describe('CRC-32C', () => {
  it('is that of the examples in RFC 3720', () => {
    expect(crc32c(Buffer.alloc(32))).to.equal(0x8a9136aa);
    expect(crc32c(Buffer.alloc(32, 0xff))).to.equal(0x62a8ab43);
    expect(crc32c(Buffer.from('123456789'))).to.equal(0xe3069283);
  });
});
