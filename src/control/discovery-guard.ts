/**
 * control/discovery-guard.ts: what DNS may bring into a pool. Whoever can write into a zone could else send requests to
 * the balancer's own admin interface, let them go round in circles, or fill pools without end.
 */
import { localAddresses } from '../config/own-backends.js';
import type { Address } from '../core/address.js';
import { OwnAddresses } from '../core/own-address.js';
import type { Logger } from './logger.js';
import type { CurrentConfig } from './running-config.js';

/** Addresses of answers that were not used, by why: the balancer's own ones, and those above `dns.addresses`. */
export interface Refusals {
  readonly own: number;
  readonly excess: number;
}

export interface GuardParts {
  readonly config: CurrentConfig<'dns'>;
  /** Where the balancer listens at the moment: its listeners and its admin interface. */
  readonly ownAddresses: () => readonly string[];
  readonly logger: Logger;
}

/** An answer to a lookup that is about to be used. */
interface NamedItems<Item> {
  readonly pool: string;
  /** The name that was asked for. */
  readonly name: string;
  readonly items: readonly Item[];
  /** @returns where an item leads to; a host that is a name is checked when it is resolved */
  readonly addressOf: (item: Item) => Address;
  /** Whether an item is in use already; such items come first where there are too many. */
  readonly isInUse: (item: Item) => boolean;
}

const NO_REFUSALS: Refusals = { own: 0, excess: 0 };

export class DiscoveryGuard {
  readonly #parts: GuardParts;
  readonly #refusals = new Map<string, Refusals>();
  /** What has been said about each name of each pool, so that it is logged once until it changes. */
  readonly #said = new Map<string, string>();

  constructor(parts: GuardParts) {
    this.#parts = parts;
  }

  /** @returns the items of an answer that may be used; the others are counted, and logged when that changes */
  admit<Item>({ pool, name, items, addressOf, isInUse }: NamedItems<Item>): readonly Item[] {
    const own = this.own();
    const refused = items.filter((item) => own.find(addressOf(item)) !== undefined);
    const foreign = refused.length === 0 ? items : items.filter((item) => !refused.includes(item));
    const most = this.#parts.config.current.dns.addresses;
    const kept = foreign.length <= most ? foreign : mostOf(foreign, isInUse, most);
    this.#count(pool, { own: refused.length, excess: foreign.length - kept.length });
    const addresses = refused.map(addressOf).map(({ host, port }) => `${host} port ${port}`);
    this.#say(`${pool} ${name} own`, addresses.join(), () => {
      this.#parts.logger.warn('DNS names an address of this balancer as a backend; it is not used', {
        pool,
        name,
        addresses,
      });
    });
    this.#say(`${pool} ${name} excess`, kept.length < foreign.length ? String(most) : '', () => {
      const found = foreign.length;
      this.#parts.logger.warn('a name has more addresses than are used', { pool, name, found, used: most });
    });
    return kept;
  }

  /** @returns the own address that an address leads to; `undefined` for any other */
  ownAddress(address: Address): string | undefined {
    return this.own().find(address);
  }

  /** @returns what was refused for a pool since the start */
  refusals(pool: string): Refusals {
    return this.#refusals.get(pool) ?? NO_REFUSALS;
  }

  /** Forgets a pool. */
  forget(pool: string): void {
    this.#refusals.delete(pool);
    for (const key of this.#said.keys()) if (key.startsWith(`${pool} `)) this.#said.delete(key);
  }

  /** @returns the balancer's own addresses as they are now */
  own(): OwnAddresses {
    return new OwnAddresses(this.#parts.ownAddresses(), localAddresses);
  }

  #count(pool: string, { own, excess }: Refusals): void {
    const before = this.refusals(pool);
    if (own + excess > 0) this.#refusals.set(pool, { own: before.own + own, excess: before.excess + excess });
  }

  /** Logs by `log` when `what` differs from the last time; '' is nothing to say. */
  #say(key: string, what: string, log: () => void): void {
    const before = this.#said.get(key) ?? '';
    if (what === '') this.#said.delete(key);
    else this.#said.set(key, what);
    if (what !== '' && what !== before) log();
  }
}

/** @returns `most` of the items: those in use first, then the others in their order */
function mostOf<Item>(items: readonly Item[], isInUse: (item: Item) => boolean, most: number): readonly Item[] {
  return [...items.filter(isInUse), ...items.filter((item) => !isInUse(item))].slice(0, most);
}
