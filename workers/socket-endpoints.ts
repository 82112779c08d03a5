/** workers/socket-endpoints.ts: the addresses of both ends of a socket, in the form that the PROXY protocol tells them. */
import type { Socket } from 'node:net';
import { plainAddress } from '../src/core/client-node.js';
import type { Endpoints } from '../src/inbound/endpoints.js';

/** @returns the addresses of an accepted connection; `undefined` when its peer is gone already */
export function endpointsOf(socket: Socket): Endpoints | undefined {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  if (localAddress === undefined || localPort === undefined) return undefined;
  return {
    source: { host: withoutZone(plainAddress(remoteAddress)), port: remotePort },
    destination: { host: withoutZone(plainAddress(localAddress)), port: localPort },
  };
}

/** The zone names an interface of this host, and means nothing elsewhere. */
function withoutZone(address: string): string {
  const zoneAt = address.indexOf('%');
  return zoneAt < 0 ? address : address.slice(0, zoneAt);
}
