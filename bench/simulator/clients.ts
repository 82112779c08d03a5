/** simulator/clients.ts: the addresses of clients, which some policies hash. */
import type { Random } from '../../src/core/random.js';

/** @returns the address of the client of one request */
export type Clients = (random: Random) => string;

/** `count` clients that make equally many requests. */
export function evenClients(count: number): Clients {
  const addresses = Array.from({ length: count }, (_, i) => `192.0.${i >> 8}.${i & 255}`);
  return (random) => addresses[random.below(count)] ?? '';
}

/** Adds one address, an office behind a NAT gateway, that makes `share` of all requests. */
export function withOffice(clients: Clients, share: number): Clients {
  return (random) => (random.next() < share ? '198.51.100.7' : clients(random));
}
