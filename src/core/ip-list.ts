/** core/ip-list.ts: lists of IP addresses and ranges, and the allow and deny rules made of them. */
import { BlockList, isIP } from 'node:net';
import { splitRange } from './ip-range.js';

export class IpList {
  private readonly list = new BlockList();

  /** @param ranges as {@link splitRange} reads them */
  constructor(ranges: readonly string[]) {
    for (const range of ranges) {
      const parts = splitRange(range);
      if (parts !== undefined) this.list.addSubnet(parts.network, parts.prefix, familyOf(parts.network));
    }
  }

  /** @returns whether the list covers `address`; false for a text that is not an IP address */
  has(address: string): boolean {
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

  /** @returns whether a client of this address is allowed; false for a text that is not an IP address */
  admits(address: string): boolean {
    if (isIP(address) === 0 || this.denied.has(address)) return false;
    return this.allowed?.has(address) ?? true;
  }
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}
