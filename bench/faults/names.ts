/**
 * bench/faults/names.ts: names for the backends of one run and a name server that knows them: each has its own, and
 * `pool` stands for all of them, for a proxy that takes several addresses from one name.
 */
import { DnsServer } from '../../test/support/dns-server.js';
import type { BackendProcess } from './backends.js';

const DOMAIN = 'faults.test';
const TTL_S = 1;

export class Names {
  /** `host:port` of each backend, by its name. */
  readonly addresses: readonly string[];
  /** `host:port`, the name of all of them. */
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

  static async start(backends: readonly BackendProcess[]): Promise<Names> {
    return new Names(await DnsServer.start(), backends);
  }

  /** `IP:port` of the name server. */
  get server(): string {
    return this.#server.address;
  }

  /** From now on the last name stands for `host`; without one for the backend that it belongs to. */
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
