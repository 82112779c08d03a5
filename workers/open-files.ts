/** workers/open-files.ts: how many files, sockets included, the system lets this process have open. */
import { readFileSync } from 'node:fs';

/** Where the system does not say: macOS's default, and low enough for any other. */
const UNKNOWN_LIMIT = 10_240;
/** Files that are neither a client's nor a backend's: the program's own, the channel to the primary, listeners. */
const RESERVED = 64;
const FEWEST_CLIENTS = 16;

/** @returns the soft limit (getrlimit(2), RLIMIT_NOFILE), as Linux shows it */
export function openFileLimit(): number {
  try {
    const line = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'));
    return line === null ? UNKNOWN_LIMIT : Number(line[1]);
  } catch {
    return UNKNOWN_LIMIT;
  }
}

/** Most clients are idle most of the time, and an idle one needs no connection to a backend. */
const SHARE_OF_CLIENTS = 0.75;

/** @returns client connections that `limit` files allow, with room left for those to the backends */
export function clientsWithin(limit: number): number {
  return Math.max(Math.floor((limit - RESERVED) * SHARE_OF_CLIENTS), FEWEST_CLIENTS);
}
