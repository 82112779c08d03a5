/**
 * workers/inbound/arrival.ts: a client's connection as the door knows it, whatever protocol it will speak: where it came
 * in, over what, and who the client is.
 */
import type { ClientSide } from '../../src/http1/forward-request.js';
import type { Listener } from '../listeners.js';
import type { Transport } from '../transport.js';
import type { ClientPolicy } from './client-policy.js';

export class Arrival {
  readonly transport: Transport;
  /** The listener that accepted the connection. */
  readonly listener: Listener;
  /** The connection counts among those of its address. */
  isCounted = false;
  private policy: ClientPolicy;
  private known: ClientSide | undefined;

  constructor(transport: Transport, listener: Listener, policy: ClientPolicy) {
    this.transport = transport;
    this.listener = listener;
    this.policy = policy;
  }

  /** What is told of the client to backends. Found out when it is first asked for, as the address costs a system call. */
  get client(): ClientSide {
    this.known ??= this.policy.side(plainAddress(this.transport.peerAddress), this.scheme);
    return this.known;
  }

  /** The client's address; '' when it was gone before anybody asked. */
  get address(): string {
    return this.client.address;
  }

  /** Goes on by another policy. The address may be gone with its peer, so it is not asked for again. */
  follow(policy: ClientPolicy): void {
    this.policy = policy;
    if (this.known !== undefined) this.known = policy.side(this.known.address, this.scheme);
  }

  /** `https` will be what a listener with TLS has. */
  private get scheme(): ClientSide['proto'] {
    return 'http';
  }
}

/** An IPv4 client of an IPv6 listener is shown as IPv4 (RFC 4291 section 2.5.5.2). */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}
