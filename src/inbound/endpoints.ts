/** inbound/endpoints.ts: the two ends of a client's connection, as the PROXY protocol tells them. */
import { isIP } from 'node:net';
import type { Address } from '../core/address.js';

/** Both hosts are IP addresses in canonical form, and an IPv4 address is never written as an IPv6 one. */
export interface Endpoints {
  /** The client's own address and port. */
  readonly source: Address;
  /** The address and port that the client has connected to. */
  readonly destination: Address;
}

/** @returns the same with both as IPv6 addresses (RFC 4291 section 2.5.5.2) if only one of them is one */
export function inOneFamily({ source, destination }: Endpoints): Endpoints {
  if (isIP(source.host) === isIP(destination.host)) return { source, destination };
  return { source: asIPv6(source), destination: asIPv6(destination) };
}

function asIPv6({ host, port }: Address): Address {
  return { host: isIP(host) === 4 ? `::ffff:${host}` : host, port };
}
