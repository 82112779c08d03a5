/**
 * inbound/proxy-header.ts: reads the header that a proxy in front of us puts before a connection's first byte, in either
 * version of the PROXY protocol. Source: Tarreau, "The PROXY protocol, versions 1 and 2", haproxy.org.
 */
import type { Endpoints } from './endpoints.js';
import { MOST_V1_BYTES, readV1, V1_PREFIX, writeV1 } from './proxy-v1.js';
import { readV2, V2_SIGNATURE, writeV2 } from './proxy-v2.js';

/** Versions of the protocol that backends can be told of clients by. */
export const PROXY_VERSIONS = ['v1', 'v2'] as const;
export type ProxyVersion = (typeof PROXY_VERSIONS)[number];

export interface ProxyHeader {
  /** Bytes of the header; what follows belongs to the protocol behind it. */
  readonly length: number;
  /** Whose connection it is; `undefined` when it is the proxy's own (LOCAL), or the header does not tell (UNKNOWN). */
  readonly endpoints: Endpoints | undefined;
}

/**
 * What is wrong with the first bytes of a connection:
 * - `missing`: they are no PROXY header
 * - `malformed`: the header breaks the rules of its version
 * - `too-large`: it is longer than is taken
 * - `checksum`: its CRC-32C is another one than that of its bytes
 */
export type ProxyHeaderFault = 'missing' | 'malformed' | 'too-large' | 'checksum';

/**
 * Reads the header that a connection begins with. It does not depend on how the bytes arrived: call it again with all of
 * them until it is complete.
 * @param bytes the connection's bytes so far
 */
export function readProxyHeader(bytes: Buffer): ProxyHeader | ProxyHeaderFault | 'incomplete' {
  if (agrees(bytes, V2_SIGNATURE)) return bytes.length < V2_SIGNATURE.length ? 'incomplete' : readV2(bytes);
  if (!agrees(bytes, V1_PREFIX)) return 'missing';
  return bytes.length < V1_PREFIX.length ? 'incomplete' : readV1(bytes.subarray(0, MOST_V1_BYTES));
}

/** Whether `bytes` begin with enough of a PROXY header to be taken for one. */
export function beginsProxyHeader(bytes: Buffer): boolean {
  return [V1_PREFIX, V2_SIGNATURE].some((wanted) => bytes.length >= wanted.length && agrees(bytes, wanted));
}

/**
 * @returns the header that tells a backend of `endpoints`, as text of one byte a character; without them, that the
 * connection is our own
 */
export function writeProxyHeader(version: ProxyVersion, endpoints: Endpoints | undefined): string {
  return version === 'v1' ? writeV1(endpoints) : writeV2(endpoints).toString('latin1');
}

/** Whether `bytes` are the beginning of `wanted`, or `wanted` is the beginning of them. */
function agrees(bytes: Buffer, wanted: Buffer): boolean {
  const length = Math.min(bytes.length, wanted.length);
  return bytes.compare(wanted, 0, length, 0, length) === 0;
}
