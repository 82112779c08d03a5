/**
 * bench/faults/names.ts: names for the backends of one run and a name server that knows them: each has its own, and
 * `pool` stands for all of them, for a proxy that takes several addresses from one name.
 */
import { DnsServer } from '../../test/support/dns-server.js';
import type { BackendProcess } from './backends.js';

const DOMAIN = 'faults.test';
const TTL_S = 1;

export class BackendNames {
  /** `name:port` of each backend. */
  readonly addresses: readonly string[];
  /** `name:port` of the name that has the addresses of all backends. */
  readonly pool: string;
  readonly #server: DnsServer;
  readonly #hosts: readonly string[];

  private constructor(server: DnsServer, backends: readonly BackendProcess[]) {
    this.#server = server;
    this.#hosts = backends.map(({ host }) => host);
    this.addresses = backends.map(({ name, port }) => `${name}.${DOMAIN}:${port}`);
    this.pool = `pool.${DOMAIN}:${backends[0]?.port}`;
    this.#pointAt(this.#hosts);
  }

  static async start(backends: readonly BackendProcess[]): Promise<BackendNames> {
    return new BackendNames(await DnsServer.start(), backends);
  }

  /** `IP:port` of the name server. */
  get server(): string {
    return this.#server.address;
  }

  /** Points the last name at `host`, or without `host` back at its own backend. */
  moveLast(host?: string): void {
    this.#pointAt(host === undefined ? this.#hosts : [...this.#hosts.slice(0, -1), host]);
  }

  close(): void {
    this.#server.close();
  }

  #pointAt(hosts: readonly string[]): void {
    for (const [index, host] of hosts.entries()) this.#server.set(nameOf(this.addresses[index]), 'A', [host], TTL_S);
    this.#server.set(nameOf(this.pool), 'A', hosts, TTL_S);
  }
}

function nameOf(address = ''): string {
  return address.slice(0, address.lastIndexOf(':'));
}
