/**
 * core/own-address.ts: tells whether an address leads back to the balancer: to one of its listeners, where requests
 * would go round in circles, or to its admin interface, which would take them for requests from this host.
 */
import { BlockList, isIP } from 'node:net';
import { type Address, parseAddress, socketFileOf } from './address.js';

const EVERY_IPV4 = '0.0.0.0';
const EVERY_ADDRESS = '::';
const MAPPED_IPV4 = '::ffff:';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');

/** Finds out whether addresses are the balancer's own. Made anew when a listener comes or goes. */
export class OwnAddresses {
  /** Hosts that are listened on, by port, each with the address as it was given. */
  readonly #byPort = new Map<number, Map<string, string>>();
  readonly #socketFiles = new Set<string>();
  readonly #local: () => ReadonlySet<string>;

  /**
   * @param listening `host:port` and `unix:/path` of listeners and of the admin interface; passed sockets are left out
   * @param local the addresses of this host's interfaces; called only where an address on every interface is in question
   */
  constructor(listening: Iterable<string>, local: () => ReadonlySet<string>) {
    this.#local = local;
    for (const text of listening) {
      const address = parseAddress(text, 0);
      if (typeof address === 'string') continue;
      if (socketFileOf(address.host) !== undefined) this.#socketFiles.add(address.host);
      if (address.port === 0) continue;
      const hosts = this.#byPort.get(address.port) ?? new Map<string, string>();
      this.#byPort.set(address.port, hosts);
      hosts.set(plainHost(address.host), text);
    }
  }

  /** @returns the own address that `host` and `port` lead to; `undefined` for another address, and for a name */
  find({ host, port }: Address): string | undefined {
    if (this.#socketFiles.has(host)) return host;
    const hosts = this.#byPort.get(port);
    if (hosts === undefined || isIP(host) === 0) return undefined;
    const target = plainHost(host);
    const exact = hosts.get(target);
    if (exact !== undefined) return exact;
    if (isEvery(target)) return this.#reachedByEvery(hosts);
    const every = hosts.get(EVERY_ADDRESS) ?? (isIP(target) === 4 ? hosts.get(EVERY_IPV4) : undefined);
    return every !== undefined && this.#isHere(target) ? every : undefined;
  }

  /** A connection to `0.0.0.0` or `::` goes to this host, as one to its loopback address does. */
  #reachedByEvery(hosts: ReadonlyMap<string, string>): string | undefined {
    for (const [host, text] of hosts) if (isEvery(host) || this.#isHere(host)) return text;
    return undefined;
  }

  #isHere(host: string): boolean {
    return (isIP(host) === 4 && loopback.check(host)) || host === '::1' || this.#local().has(host);
  }
}

function isEvery(host: string): boolean {
  return host === EVERY_IPV4 || host === EVERY_ADDRESS;
}

/** @returns the address without a zone; an IPv4 address written as an IPv6 one in its own form */
export function plainHost(host: string): string {
  const [address = ''] = host.split('%', 1);
  const mapped = address.startsWith(MAPPED_IPV4) ? address.slice(MAPPED_IPV4.length) : '';
  return isIP(mapped) === 4 ? mapped : address;
}
