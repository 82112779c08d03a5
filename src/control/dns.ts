/**
 * control/dns.ts: asks for names as this host would, and for how long the answers hold. The system's own lookup knows
 * no TTLs, so DNS is asked directly, after the hosts file and with the search domains; what neither has, a name from
 * mDNS or NIS, the system may still know.
 */
import type { RecordWithTtl } from 'node:dns';
import dns from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { addressesInHosts, candidatesFor, NO_SEARCH, type SearchList, searchListOf } from '../core/names.js';
import type { ServiceTarget } from '../core/service.js';

export interface Addresses {
  /** Never empty; IPv4 first. */
  readonly addresses: readonly string[];
  /** How long they hold, in milliseconds; `undefined` where nobody says. */
  readonly ttlMs: number | undefined;
}

export interface Names {
  /** @throws {Error} when it has none, with the system's code for why, such as `ENOTFOUND` */
  addresses(name: string): Promise<Addresses>;
  /** The SRV records of a name. @throws {Error} when there are none */
  services(name: string): Promise<readonly ServiceTarget[]>;
  /** Ends the questions that are open; they fail. */
  cancel(): void;
}

const HOSTS_FILE =
  process.platform === 'win32'
    ? `${process.env['SystemRoot'] ?? 'C:\\Windows'}\\System32\\drivers\\etc\\hosts`
    : '/etc/hosts';
const RESOLVER_FILE = '/etc/resolv.conf';
/** A server that does not answer is asked again once, and then the next one. */
const TIMEOUT_MS = 2_000;
const TRIES = 2;

/** @param servers `IP:port` each; the host's own when there are none, and its search domains with them */
export function dnsNames(servers: readonly string[]): Names {
  const resolver = new dns.Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  if (servers.length > 0) resolver.setServers([...servers]);
  const search = async (): Promise<SearchList> =>
    servers.length > 0 ? NO_SEARCH : searchListOf(await textOf(RESOLVER_FILE));
  return {
    addresses: async (name) => {
      const fixed = addressesInHosts(await textOf(HOSTS_FILE), name);
      if (fixed.length > 0) return { addresses: fixed, ttlMs: undefined };
      for (const candidate of candidatesFor(name, await search())) {
        const found = await inDns(resolver, candidate);
        if (found === 'unsure') break;
        if (found !== 'absent') return found;
      }
      return inSystem(name);
    },
    services: async (name) => {
      const records = await firstOf(candidatesFor(name, await search()), (each) => resolver.resolveSrv(each));
      // Node 24 says more of each than is asked here.
      return records.map(({ name, port, priority, weight }) => ({ name, port, priority, weight }));
    },
    cancel: () => resolver.cancel(),
  };
}

/** Half an answer is none: a server that fails for one kind of address would have backends move to the other kind. */
async function inDns(resolver: dns.Resolver, name: string): Promise<Addresses | 'absent' | 'unsure'> {
  const asked = [resolver.resolve4(name, { ttl: true }), resolver.resolve6(name, { ttl: true })];
  const answers = await Promise.allSettled(asked);
  if (answers.some((each) => each.status === 'rejected' && !saysAbsent(each.reason))) return 'unsure';
  const records: readonly RecordWithTtl[] = answers.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
  if (records.length === 0) return 'absent';
  const ttlMs = Math.min(...records.map(({ ttl }) => ttl)) * 1_000;
  return { addresses: records.map(({ address }) => address), ttlMs };
}

/** No such name, or none of such records; any other error says nothing about the name. */
function saysAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === dns.NOTFOUND || error.code === dns.NODATA);
}

async function inSystem(name: string): Promise<Addresses> {
  const found = await dns.lookup(name, { all: true, order: 'ipv4first' });
  if (found.length === 0) throw new Error('no address');
  return { addresses: found.map(({ address }) => address), ttlMs: undefined };
}

/** @throws {Error} what the last one failed with */
async function firstOf<T>(names: readonly string[], ask: (name: string) => Promise<T>): Promise<T> {
  const [first = '', ...others] = names;
  try {
    return await ask(first);
  } catch (error) {
    if (others.length === 0) throw error;
    return firstOf(others, ask);
  }
}

/** @returns nothing where there is no such file */
function textOf(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}
