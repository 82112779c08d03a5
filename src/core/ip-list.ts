/** core/ip-list.ts: whether an address is among some addresses and ranges. */
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

  /** @param address anything else than an IP address is in no list */
  has(address: string): boolean {
    return isIP(address) !== 0 && this.list.check(address, familyOf(address));
  }
}

/** Who may: all in `allow`, or anybody without one, but nobody in `deny`. */
export class AddressRules {
  private readonly allowed: IpList | undefined;
  private readonly denied: IpList;

  constructor(allow: readonly string[] | undefined, deny: readonly string[] = []) {
    if (allow !== undefined) this.allowed = new IpList(allow);
    this.denied = new IpList(deny);
  }

  /** @param address what is no IP address cannot be looked up, and so may not */
  admits(address: string): boolean {
    if (isIP(address) === 0 || this.denied.has(address)) return false;
    return this.allowed?.has(address) ?? true;
  }
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}
