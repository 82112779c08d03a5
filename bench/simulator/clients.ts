/** simulator/clients.ts: who asks: what the policies that hash go by. */
import type { Random } from '../../src/core/random.js';

/** @returns the client of one request, by its address */
export type Clients = (random: Random) => string;

/** So many clients, each as eager as the others. */
export function evenClients(count: number): Clients {
  const addresses = Array.from({ length: count }, (_, i) => `192.0.${i >> 8}.${i & 255}`);
  return (random) => addresses[random.below(count)] ?? '';
}

/** One of them, a whole office behind one address, makes `share` of all requests. */
export function withOffice(clients: Clients, share: number): Clients {
  return (random) => (random.next() < share ? '198.51.100.7' : clients(random));
}
