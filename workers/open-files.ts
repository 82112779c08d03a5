/** workers/open-files.ts: the limit of open file descriptors, sockets included, and how many clients it allows. */
import { readFileSync } from 'node:fs';

/** Limit assumed on systems without /proc: the default of macOS. */
const UNKNOWN_LIMIT = 10_240;
/**
 * Descriptors kept free for other uses than clients and backends: modules, logs, the channel to the primary, listeners.
 */
const RESERVED = 64;
/** Least number of clients, however low the limit. */
const FEWEST_CLIENTS = 16;

/** @returns the soft limit of this process (RLIMIT_NOFILE of getrlimit(2)), as Linux reports it */
export function openFileLimit(): number {
  try {
    const line = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'));
    return line === null ? UNKNOWN_LIMIT : Number(line[1]);
  } catch {
    return UNKNOWN_LIMIT;
  }
}

/**
 * Share of the descriptors for clients; fewer are needed for backends, since an idle client needs no backend
 * connection.
 */
const SHARE_OF_CLIENTS = 0.75;

/**
 * @returns number of client connections for a limit of `limit` descriptors, leaving room for connections to backends
 */
export function clientsWithin(limit: number): number {
  return Math.max(Math.floor((limit - RESERVED) * SHARE_OF_CLIENTS), FEWEST_CLIENTS);
}
