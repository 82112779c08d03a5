/**
 * inbound/proxy-v1.ts: version 1 of the PROXY protocol (section 2.1): a line of text,
 * `PROXY TCP4 203.0.113.9 192.0.2.1 41234 443` and CRLF.
 */
import { isIP, SocketAddress } from 'node:net';
import type { Address } from '../core/address.js';
import { plainAddress } from '../core/client-node.js';
import { type Endpoints, inOneFamily } from './endpoints.js';
import type { ProxyHeader, ProxyHeaderFault } from './proxy-header.js';

/** What every header of this version begins with. */
export const V1_PREFIX = Buffer.from('PROXY ', 'latin1');
/** Most bytes of a header, its CRLF included: those of the longest line that the protocol allows. */
export const MOST_V1_BYTES = 107;

const LINE = /^PROXY TCP([46]) (\S+) (\S+) (0|[1-9]\d{0,4}) (0|[1-9]\d{0,4})$/;
/** The sender does not know the client, or it is the sender itself; what follows is to be ignored. */
const UNKNOWN = /^PROXY UNKNOWN(?: [^\r\n]*)?$/;
const HIGHEST_PORT = 65_535;

/** @param bytes a connection's bytes so far that begin with {@link V1_PREFIX}, {@link MOST_V1_BYTES} at most */
export function readV1(bytes: Buffer): ProxyHeader | ProxyHeaderFault | 'incomplete' {
  const lineEnd = bytes.indexOf('\r\n', 0, 'latin1');
  if (lineEnd < 0) return bytes.length < MOST_V1_BYTES ? 'incomplete' : 'too-large';
  const line = bytes.toString('latin1', 0, lineEnd);
  const length = lineEnd + 2;
  if (UNKNOWN.test(line)) return { length, endpoints: undefined };
  const [, family, from = '', to = '', fromPort, toPort] = LINE.exec(line) ?? [];
  const source = endpoint(Number(family), from, Number(fromPort));
  const destination = endpoint(Number(family), to, Number(toPort));
  if (source === undefined || destination === undefined) return 'malformed';
  return { length, endpoints: { source, destination } };
}

/** @returns the header that tells of `endpoints`; UNKNOWN without them */
export function writeV1(endpoints: Endpoints | undefined): string {
  if (endpoints === undefined) return 'PROXY UNKNOWN\r\n';
  const { source, destination } = inOneFamily(endpoints);
  const line = `TCP${isIP(source.host)} ${source.host} ${destination.host} ${source.port} ${destination.port}`;
  return `PROXY ${line}\r\n`;
}

function endpoint(family: number, host: string, port: number): Address | undefined {
  if (isIP(host) !== family || host.includes('%') || port > HIGHEST_PORT) return undefined;
  if (family === 4) return { host, port };
  return { host: plainAddress(new SocketAddress({ address: host, family: 'ipv6' }).address), port };
}
