/** config/own-backends.ts: finds backends that are the balancer's own listeners or its admin interface. */
import { networkInterfaces } from 'node:os';
import { parseAddress } from '../core/address.js';
import { OwnAddresses, plainHost } from '../core/own-address.js';

/** The addresses of this host's interfaces, as `OwnAddresses` compares them. */
export function localAddresses(): ReadonlySet<string> {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return new Set(all.map(({ address }) => plainHost(address)));
}

interface Addressed {
  readonly address: string;
}

/**
 * @param served addresses of the admin interface and for metrics, each may be `off`
 * @returns the backends that lead back here: paths of their addresses, and messages. Names are left to run time
 */
export function ownBackends(
  pools: Readonly<Record<string, { readonly backends: readonly Addressed[] }>>,
  listeners: readonly Addressed[],
  served: readonly string[],
): readonly (readonly [path: PropertyKey[], message: string])[] {
  let local: ReadonlySet<string> | undefined;
  const own = new OwnAddresses([...listeners.map(({ address }) => address), ...served], () => {
    local ??= localAddresses();
    return local;
  });
  return Object.entries(pools).flatMap(([name, { backends }]) =>
    backends.flatMap(({ address }, index) => {
      const parsed = parseAddress(address, 1);
      const found = typeof parsed === 'string' ? undefined : own.find(parsed);
      if (found === undefined) return [];
      return [[['pools', name, 'backends', index, 'address'], ownClause(address, found)] as const];
    }),
  );
}

/** @returns what is wrong with a backend that is the balancer's own address `own` */
export function ownClause(address: string, own: string): string {
  return `"${address}" leads back to this balancer, which listens on ${own}`;
}
