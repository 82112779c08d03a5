/** core/ip-list.ts: lists of the addresses of clients, and the allow and deny rules made of them. */
import { BlockList, isIP } from 'node:net';
import { SOCKET_FILE_CLIENT } from './address.js';
import { splitRange } from './ip-range.js';

export class IpList {
  private readonly list = new BlockList();
  /** Whether the list names the clients that come over a socket file. */
  private readonly hasSocketFiles: boolean;

  /** @param ranges as {@link splitRange} reads them, or {@link SOCKET_FILE_CLIENT} */
  constructor(ranges: readonly string[]) {
    this.hasSocketFiles = ranges.includes(SOCKET_FILE_CLIENT);
    for (const range of ranges) {
      const parts = splitRange(range);
      if (parts !== undefined) this.list.addSubnet(parts.network, parts.prefix, familyOf(parts.network));
    }
  }

  /** @returns whether the list covers `address`; false for a text that is not the address of a client */
  has(address: string): boolean {
    if (address === SOCKET_FILE_CLIENT) return this.hasSocketFiles;
    return isIP(address) !== 0 && this.list.check(address, familyOf(address));
  }
}

/** The `allow` and `deny` of a route: without `allow` every client is allowed; `deny` beats `allow`. */
export class AddressRules {
  private readonly allowed: IpList | undefined;
  private readonly denied: IpList;

  constructor(allow: readonly string[] | undefined, deny: readonly string[] = []) {
    if (allow !== undefined) this.allowed = new IpList(allow);
    this.denied = new IpList(deny);
  }

  /** @returns whether a client of this address is allowed; false for a text that is not the address of one */
  admits(address: string): boolean {
    if (!isClient(address) || this.denied.has(address)) return false;
    return this.allowed?.has(address) ?? true;
  }
}

function isClient(address: string): boolean {
  return address === SOCKET_FILE_CLIENT || isIP(address) !== 0;
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}
