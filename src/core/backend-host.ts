/** core/backend-host.ts: the Host that names a backend itself, where a pool has `host: backend`. */
import { socketFileOf } from './address.js';
import { configuredAddress, type NamedBackend } from './backend.js';

const DEFAULT_PORT = ':80';
/** Host for a backend behind a socket file, which has neither name nor port. */
export const HOST_OF_SOCKET_FILE = 'localhost';

/**
 * @returns the configured address of the backend, without the default port (RFC 9110 section 4.2.3); `localhost` for one
 * behind a socket file, as nginx and HAProxy send it
 */
export function hostOfBackend(backend: NamedBackend): string {
  const address = configuredAddress(backend);
  if (socketFileOf(address) !== undefined) return HOST_OF_SOCKET_FILE;
  return address.endsWith(DEFAULT_PORT) ? address.slice(0, -DEFAULT_PORT.length) : address;
}
