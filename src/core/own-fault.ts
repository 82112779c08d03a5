/** core/own-fault.ts: errors of a connect that are this host's doing and say nothing about the backend. */

const OWN_FAULTS: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EADDRNOTAVAIL', 'EAGAIN']);

/** @param code Node's error code; whether it means that this host could not even try: no file, no port, no memory */
export function isOwnFault(code: string | undefined): boolean {
  return code !== undefined && OWN_FAULTS.has(code);
}
