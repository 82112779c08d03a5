/**
 * control/name-resolution.ts: DNS as the pools use it: looks names up, keeps the addresses of backends behind names up
 * to date, and goes on with other name servers when a reload says so.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/schema.js';
import { nameIn, parseAddress } from '../core/address.js';
import type { BackendId } from '../core/backend.js';
import type { ProbeResult, ProbeTask } from '../core/probe.js';
import { systemRandom } from '../core/random.js';
import type { ServiceTarget } from '../core/service.js';
import type { DiscoveryGuard } from './discovery-guard.js';
import { type Addresses, dnsNames, type Names } from './dns.js';
import type { Logger } from './logger.js';
import { withinPatience } from './patience.js';
import type { Hosts, Pool } from './pool.js';
import { Resolver } from './resolver.js';
import type { RunningConfig } from './running-config.js';

export interface NameResolutionParts {
  readonly config: RunningConfig;
  /** Tries a TCP connection, to choose between several addresses of a name. */
  readonly probe: (task: ProbeTask) => Promise<ProbeResult>;
  readonly guard: DiscoveryGuard;
  /** Called after a backend has a new address. */
  readonly onMoved: (pool: Pool, id: BackendId) => void;
  readonly logger: Logger;
}

/** Time for the connection that tells which of several addresses of a name accepts, in milliseconds. */
const CHOOSE_WITHIN_MS = 1_000;

export class NameResolution {
  /** Keeps the addresses of backends behind names up to date. */
  readonly resolver: Resolver;
  readonly #guard: DiscoveryGuard;
  #names: Names;

  constructor({ config, probe, guard, onMoved, logger }: NameResolutionParts) {
    this.#guard = guard;
    this.#names = dnsNames(config.current.dns.servers);
    const accepts = async (host: string, port: number): Promise<boolean> =>
      (await probe({ host, port, http: undefined, timeoutMs: CHOOSE_WITHIN_MS })).ok;
    const lookup: Names['addresses'] = (name) => this.#names.addresses(name);
    this.resolver = new Resolver({ config, lookup, random: systemRandom, accepts, guard, onMoved, logger });
  }

  /** The addresses of a name. @throws {NoSuchNameError | Error} as {@link Names.addresses} */
  addresses(name: string): Promise<Addresses> {
    return this.#names.addresses(name);
  }

  /** The SRV records of a name. @throws {Error} when there are none */
  services(name: string): Promise<readonly ServiceTarget[]> {
    return this.#names.services(name);
  }

  /**
   * Looks up the names of backends that are about to join, so that they can be used the moment they do.
   * @returns the addresses that were found within a second
   */
  async lookUp(ids: readonly string[]): Promise<Hosts> {
    const names = new Map<string, number[]>();
    for (const id of ids) {
      const parsed = parseAddress(id, 1);
      if (typeof parsed === 'string' || nameIn(id) === undefined) continue;
      names.set(parsed.host, [...(names.get(parsed.host) ?? []), parsed.port]);
    }
    const hosts = new Map<string, string>();
    const lookups = [...names].map(async ([name, ports]) => {
      const { addresses } = await this.#names.addresses(name);
      const isOwn = (host: string): boolean =>
        ports.some((port) => this.#guard.ownAddress({ host, port }) !== undefined);
      const first = addresses.find((host) => !isOwn(host));
      if (first !== undefined) hosts.set(name, first);
    });
    // The resolver, which keeps the name up to date once its backend has joined, logs a name that does not resolve.
    await withinPatience(Promise.allSettled(lookups));
    return hosts;
  }

  /** Uses other name servers from now on if they have changed; lookups under way still get their answers. */
  configure(before: Config['dns'], after: Config['dns']): void {
    if (!isDeepStrictEqual(before.servers, after.servers)) this.#names = dnsNames(after.servers);
  }

  stop(): void {
    this.resolver.stop();
    this.#names.cancel();
  }
}
