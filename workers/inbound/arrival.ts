/**
 * workers/inbound/arrival.ts: a client's connection as the door knows it, whatever protocol it will speak: its listener,
 * its transport, and who the client is.
 */
import { plainAddress } from '../../src/core/client-node.js';
import type { ClientSide } from '../../src/http1/forward-request.js';
import type { Endpoints } from '../../src/inbound/endpoints.js';
import type { Listener } from '../listeners.js';
import type { Handshaken } from '../tls-transport.js';
import type { Transport } from '../transport.js';
import type { ClientPolicy } from './client-policy.js';

/** One accepted connection. What a PROXY header or a client's certificate says belongs here, beside the address. */
export class Arrival {
  readonly transport: Transport;
  /** The listener that accepted the connection. */
  readonly listener: Listener;
  /** Whether the connection counts among those of its address, and has to be counted out. */
  isCounted = false;
  /** The connection ends after its first request: its listener accepts no more. */
  isLast = false;
  /** What the TLS handshake has come to; `undefined` before it, and without TLS. */
  handshaken: Handshaken | undefined = undefined;
  /** What a PROXY header says of the connection; `undefined` where none was read, or it names nobody. */
  proxied: Endpoints | undefined = undefined;
  private policy: ClientPolicy;
  /** {@link client} once it was asked for. */
  private known: ClientSide | undefined;

  constructor(transport: Transport, listener: Listener, policy: ClientPolicy) {
    this.transport = transport;
    this.listener = listener;
    this.policy = policy;
  }

  /** The client as backends are told of it. Found out when first asked for, since the address costs a system call. */
  get client(): ClientSide {
    this.known ??= this.policy.side(this.proxied?.source.host ?? this.peer, this.scheme);
    return this.known;
  }

  /** The client's IP address; '' when the client was gone before anybody asked for it. */
  get address(): string {
    return this.client.address;
  }

  /** Where the client is, and what it has connected to; `undefined` when it was gone before anybody asked. */
  get endpoints(): Endpoints | undefined {
    return this.proxied ?? this.transport.endpoints;
  }

  /** The IP address of the connection's other end: that of the client, or of a proxy that names it. */
  get peer(): string {
    return plainAddress(this.transport.peerAddress);
  }

  /** Whether the listener believes PROXY headers of others, and this connection's peer has no right to send one. */
  get mayNameNobody(): boolean {
    return this.listener.proxies?.has(this.peer) === false;
  }

  /** Takes over another policy. The address is kept: the client may be gone, and its address with it. */
  follow(policy: ClientPolicy): void {
    this.policy = policy;
    if (this.known !== undefined) this.known = policy.side(this.known.address, this.scheme);
  }

  /** The scheme of the client's requests. */
  private get scheme(): ClientSide['proto'] {
    return this.handshaken === undefined ? 'http' : 'https';
  }
}
