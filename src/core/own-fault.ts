/** core/own-fault.ts: errors of a connect whose cause is this host, not the backend. */
import { socketFileOf } from './address.js';

const OWN_FAULTS: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EADDRNOTAVAIL', 'EAGAIN']);

/**
 * Whether this host lacked what a connect needs: a file descriptor, a local port, memory.
 * @param code the `code` of Node's error
 * @param host what was connected to; a socket file whose queue of connections is full says EAGAIN (unix(7))
 */
export function isOwnFault(code: string | undefined, host: string): boolean {
  if (code === 'EAGAIN' && socketFileOf(host) !== undefined) return false;
  return code !== undefined && OWN_FAULTS.has(code);
}
