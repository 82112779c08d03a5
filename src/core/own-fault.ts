/** core/own-fault.ts: errors of a connect whose cause is this host, not the backend. */

const OWN_FAULTS: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EADDRNOTAVAIL', 'EAGAIN']);

/**
 * Whether this host lacked what a connect needs: a file descriptor, a local port, memory.
 * @param code the `code` of Node's error
 */
export function isOwnFault(code: string | undefined): boolean {
  return code !== undefined && OWN_FAULTS.has(code);
}
