/**
 * inbound/proxy-v2.ts: version 2 of the PROXY protocol (section 2.2): a signature, command, family and length, the
 * addresses, and TLVs (type, length, value), of which only the checksum is looked at.
 */
import { isIP, SocketAddress } from 'node:net';
import type { Address } from '../core/address.js';
import { plainAddress } from '../core/client-node.js';
import { ipv6Groups } from '../core/ipv6-groups.js';
import { crc32c } from './crc32c.js';
import { type Endpoints, inOneFamily } from './endpoints.js';
import type { ProxyHeader, ProxyHeaderFault } from './proxy-header.js';

/** What every header of this version begins with. */
export const V2_SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
/** Most bytes behind the fixed part: addresses and TLVs. Load balancers of clouds send a few hundred. */
export const MOST_V2_PAYLOAD = 8_192;

/** Bytes of signature, version, command, family and length. */
const FIXED_BYTES = 16;
const VERSION = 0x20;
const LOCAL = 0x0;
const PROXY = 0x1;
/** Bytes of the addresses by the high half of the family's byte: none, IPv4, IPv6, Unix. */
const ADDRESS_BYTES = [0, 12, 36, 216] as const;
const IPV4 = 1;
const IPV6 = 2;
/** The low half of the family's byte. */
const STREAM = 1;
const HIGHEST_TRANSPORT = 2;
const TLV_HEAD_BYTES = 3;
/** The TLV that holds the CRC-32C of the whole header, computed with zeros in its place. */
const TLV_CRC32C = 0x03;

/** @param bytes a connection's bytes so far that begin with {@link V2_SIGNATURE} */
export function readV2(bytes: Buffer): ProxyHeader | ProxyHeaderFault | 'incomplete' {
  if (bytes.length < FIXED_BYTES) return 'incomplete';
  const command = (bytes[12] ?? 0) ^ VERSION;
  const family = (bytes[13] ?? 0) >> 4;
  const transport = (bytes[13] ?? 0) & 0xf;
  const payload = bytes.readUInt16BE(14);
  const addressBytes = ADDRESS_BYTES[family];
  if (command !== LOCAL && command !== PROXY) return 'malformed';
  if (payload > MOST_V2_PAYLOAD) return 'too-large';
  const length = FIXED_BYTES + payload;
  // The rest of a LOCAL header means nothing, whatever its family says.
  if (command === LOCAL) return bytes.length < length ? 'incomplete' : { length, endpoints: undefined };
  if (addressBytes === undefined || transport > HIGHEST_TRANSPORT || payload < addressBytes) return 'malformed';
  if (bytes.length < length) return 'incomplete';
  const header = bytes.subarray(0, length);
  const fault = family === 0 ? undefined : faultInTlvs(header, FIXED_BYTES + addressBytes);
  return fault ?? { length, endpoints: transport === STREAM ? endpointsIn(header, family) : undefined };
}

/** @returns the header that tells of `endpoints`; LOCAL without them */
export function writeV2(endpoints: Endpoints | undefined): Buffer {
  if (endpoints === undefined) return headerOf(LOCAL, 0, Buffer.alloc(0));
  const { source, destination } = inOneFamily(endpoints);
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(source.port, 0);
  ports.writeUInt16BE(destination.port, 2);
  const family = isIP(source.host) === 4 ? IPV4 : IPV6;
  return headerOf(
    PROXY,
    (family << 4) | STREAM,
    Buffer.concat([bytesOf(source.host), bytesOf(destination.host), ports]),
  );
}

function headerOf(command: number, family: number, payload: Buffer): Buffer {
  const rest = Buffer.from([VERSION | command, family, payload.length >> 8, payload.length & 0xff]);
  return Buffer.concat([V2_SIGNATURE, rest, payload]);
}

/** Checks that the TLVs from `at` on fill the header exactly, and its checksum if it has one. */
function faultInTlvs(header: Buffer, at: number): ProxyHeaderFault | undefined {
  for (let from = at; from < header.length; ) {
    if (from + TLV_HEAD_BYTES > header.length) return 'malformed';
    const valueAt = from + TLV_HEAD_BYTES;
    const end = valueAt + header.readUInt16BE(from + 1);
    if (end > header.length) return 'malformed';
    if (header[from] === TLV_CRC32C) {
      if (end - valueAt !== 4) return 'malformed';
      if (header.readUInt32BE(valueAt) !== checksumOf(header, valueAt)) return 'checksum';
    }
    from = end;
  }
  return undefined;
}

function checksumOf(header: Buffer, checksumAt: number): number {
  const zeroed = Buffer.from(header);
  zeroed.fill(0, checksumAt, checksumAt + 4);
  return crc32c(zeroed);
}

/** @returns the addresses; `undefined` for those of no TCP connection */
function endpointsIn(header: Buffer, family: number): Endpoints | undefined {
  if (family !== IPV4 && family !== IPV6) return undefined;
  const size = family === IPV4 ? 4 : 16;
  const portsAt = FIXED_BYTES + 2 * size;
  const address = (from: number, portAt: number): Address => ({
    host: addressIn(header.subarray(from, from + size)),
    port: header.readUInt16BE(portAt),
  });
  return { source: address(FIXED_BYTES, portsAt), destination: address(FIXED_BYTES + size, portsAt + 2) };
}

/** @param bytes 4 of an IPv4 address or 16 of an IPv6 address @returns the address in canonical form */
function addressIn(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
  return plainAddress(new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address);
}

/** @returns the bytes of an IP address */
function bytesOf(host: string): Buffer {
  if (isIP(host) === 4) return Buffer.from(host.split('.').map(Number));
  return Buffer.from(ipv6Groups(host).flatMap((group) => [group >> 8, group & 0xff]));
}
