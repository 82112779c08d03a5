/**
 * control/dns.ts: looks up names as this host would, with the time for which each answer holds. The system's own lookup
 * tells no TTLs, so DNS is asked directly, after the hosts file and with the search domains. A name that neither knows,
 * such as one from mDNS or NIS, is looked up by the system.
 */
import type { RecordWithTtl } from 'node:dns';
import dns from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { addressesInHosts, candidatesFor, NO_SEARCH, type SearchList, searchListOf } from '../core/names.js';
import type { ServiceTarget } from '../core/service.js';

/** DNS and this host agree that there is no such name, or that it has no address. */
export class NoSuchNameError extends Error {
  override readonly name = 'NoSuchNameError';
  readonly code = 'ENOTFOUND';
}

export interface Addresses {
  /** At least one; IPv4 before IPv6. */
  readonly addresses: readonly string[];
  /** How long the addresses hold, in milliseconds; `undefined` where no TTL is known. */
  readonly ttlMs: number | undefined;
}

export interface Names {
  /**
   * The addresses of a name.
   * @throws {NoSuchNameError} when it has none
   * @throws {Error} when nobody could tell, with the system's code, such as `EAI_AGAIN`
   */
  addresses(name: string): Promise<Addresses>;
  /** The SRV records of a name. @throws {Error} when there are none */
  services(name: string): Promise<readonly ServiceTarget[]>;
  /** Ends all lookups under way; they fail. */
  cancel(): void;
}

const HOSTS_FILE =
  process.platform === 'win32'
    ? `${process.env['SystemRoot'] ?? 'C:\\Windows'}\\System32\\drivers\\etc\\hosts`
    : '/etc/hosts';
const RESOLVER_FILE = '/etc/resolv.conf';
/**
 * Time for one try, in milliseconds. A server that does not answer is tried {@link TRIES} times, then the next one is.
 */
const TIMEOUT_MS = 2_000;
const TRIES = 2;

/** @param servers name servers as `IP:port`; if empty, those of this host, with its search domains */
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
        if (found === 'unsure') return inSystem(name);
        if (found !== 'absent') return found;
      }
      return inSystem(name).catch((error: unknown) => {
        throw saysAbsent(error) ? new NoSuchNameError('it has no address') : error;
      });
    },
    services: async (name) => {
      const records = await firstOf(candidatesFor(name, await search()), (each) => resolver.resolveSrv(each));
      // Node 24 returns more fields than these.
      return records.map(({ name, port, priority, weight }) => ({ name, port, priority, weight }));
    },
    cancel: () => resolver.cancel(),
  };
}

/**
 * @returns the addresses; `absent` when there are none; `unsure` when one of the two queries failed: half an answer
 * would move backends from IPv4 to IPv6 or back
 */
async function inDns(resolver: dns.Resolver, name: string): Promise<Addresses | 'absent' | 'unsure'> {
  const asked = [resolver.resolve4(name, { ttl: true }), resolver.resolve6(name, { ttl: true })];
  const answers = await Promise.allSettled(asked);
  if (answers.some((each) => each.status === 'rejected' && !saysAbsent(each.reason))) return 'unsure';
  const records: readonly RecordWithTtl[] = answers.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
  if (records.length === 0) return 'absent';
  const ttlMs = Math.min(...records.map(({ ttl }) => ttl)) * 1_000;
  return { addresses: records.map(({ address }) => address), ttlMs };
}

/** Whether an error says that there is no such name or record; any other error says nothing about the name. */
function saysAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === dns.NOTFOUND || error.code === dns.NODATA);
}

async function inSystem(name: string): Promise<Addresses> {
  const found = await dns.lookup(name, { all: true, order: 'ipv4first' });
  if (found.length === 0) throw new Error('no address');
  return { addresses: found.map(({ address }) => address), ttlMs: undefined };
}

/** @returns the first answer. @throws {Error} the error of the last name, when all fail */
async function firstOf<T>(names: readonly string[], ask: (name: string) => Promise<T>): Promise<T> {
  const [first = '', ...others] = names;
  try {
    return await ask(first);
  } catch (error) {
    if (others.length === 0) throw error;
    return firstOf(others, ask);
  }
}

/** @returns the text of a file; empty where it cannot be read */
function textOf(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}
