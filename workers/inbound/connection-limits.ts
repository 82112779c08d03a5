/** workers/inbound/connection-limits.ts: how many client connections this worker takes, in all and of one address. */
import type { Config } from '../../src/config/schema.js';
import { clientKey } from '../../src/core/client-key.js';
import { clientsWithin, openFileLimit } from '../open-files.js';

export class ConnectionLimits {
  /** Most client connections of this worker. */
  most = 0;
  /** Most connections of one client, an IPv4 address or an IPv6 /64, to this worker; 0 sets no limit. */
  private mostPerAddress = 0;
  /** Open connections by {@link clientKey}, where they are counted. */
  private readonly open = new Map<string, number>();

  constructor(config: Config) {
    this.configure(config);
  }

  /** Takes over the limits of another configuration; connections that are open stay open. */
  configure({ limits }: Config): void {
    this.most = limits.connections === 'auto' ? clientsWithin(openFileLimit()) : limits.connections;
    this.mostPerAddress = limits.connectionsPerAddress;
  }

  /** Whether connections are counted by address at all: asking the kernel for every peer's address has its price. */
  get countsAddresses(): boolean {
    return this.mostPerAddress > 0;
  }

  /**
   * Counts a connection of `address` in.
   * @returns whether it is within the limit; each `true` needs one {@link leave}
   */
  enter(address: string): boolean {
    const client = clientKey(address);
    const count = this.open.get(client) ?? 0;
    if (count >= this.mostPerAddress) return false;
    this.open.set(client, count + 1);
    return true;
  }

  /** Counts a connection of `address` out. */
  leave(address: string): void {
    const client = clientKey(address);
    const count = this.open.get(client) ?? 0;
    if (count > 1) this.open.set(client, count - 1);
    else this.open.delete(client);
  }
}
