/** workers/http/client-policy.ts: what the configuration says about clients: whom to believe, how many, what to add. */
import { randomUUID } from 'node:crypto';
import type { Config } from '../../src/config/schema.js';
import { IpList } from '../../src/core/ip-list.js';
import { X_FORWARDED_FOR } from '../../src/http1/field-kind.js';
import type { Additions, ClientSide } from '../../src/http1/forward-request.js';
import type { RequestHead } from '../../src/http1/request-head.js';
import { clientsWithin, openFileLimit } from '../open-files.js';

export class ClientPolicy {
  readonly additions: Additions;
  /** Client connections of this worker. */
  readonly mostConnections: number;
  /** Connections of one address to this worker; 0 sets no limit. */
  private readonly mostPerAddress: number;
  /** By address, where connections are counted. */
  readonly open: Map<string, number>;
  private readonly trusted: IpList | undefined;

  /** @param open of the policy whose place it takes */
  constructor({ forwarding, limits }: Config, open = new Map<string, number>()) {
    this.open = open;
    this.additions = {
      forwarded: forwarding.forwarded,
      via: forwarding.via === 'off' ? '' : forwarding.via,
      makeRequestId: forwarding.requestId ? randomUUID : undefined,
    };
    this.mostConnections = limits.connections === 'auto' ? clientsWithin(openFileLimit()) : limits.connections;
    this.mostPerAddress = limits.connectionsPerAddress;
    const { trustedProxies } = forwarding;
    if (trustedProxies.length > 0) this.trusted = new IpList(trustedProxies);
  }

  side(address: string): ClientSide {
    return { address, proto: 'http', trusted: this.trusts(address) };
  }

  /**
   * @returns the address of the client itself, as far as the proxies in front of us can be believed: each has appended
   * the one before it to X-Forwarded-For, so the last one that is no proxy of ours is the client
   */
  clientAddress({ fields }: RequestHead, { address, trusted }: ClientSide): string {
    let client = address;
    let believed = trusted;
    for (let index = fields.count - 1; index >= 0 && believed; index--) {
      if (fields.kind(index) !== X_FORWARDED_FOR) continue;
      const hops = fields.text.slice(fields.valueAt(index), fields.valueEnd(index)).split(',');
      for (let hop = hops.pop()?.trim(); hop !== undefined && believed; hop = hops.pop()?.trim()) {
        if (hop === '') continue;
        client = hop;
        believed = this.trusts(hop);
      }
    }
    return client;
  }

  /** Whether connections are counted at all: asking the kernel for every peer's address has its price. */
  get countsConnections(): boolean {
    return this.mostPerAddress > 0;
  }

  /** Counts a connection in; every `true` needs one {@link leave}. */
  admit(address: string): boolean {
    const count = this.open.get(address) ?? 0;
    if (count >= this.mostPerAddress) return false;
    this.open.set(address, count + 1);
    return true;
  }

  leave(address: string): void {
    const count = this.open.get(address) ?? 0;
    if (count > 1) this.open.set(address, count - 1);
    else this.open.delete(address);
  }

  private trusts(address: string): boolean {
    return this.trusted?.has(address) ?? false;
  }
}
