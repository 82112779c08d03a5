/**
 * workers/inbound/arrival.ts: a client's connection as the door knows it, whatever protocol it will speak: its listener,
 * its transport, and who the client is.
 */

import type { ListenerConfig } from '../../src/config/listeners.js';
import { SOCKET_FILE_CLIENT } from '../../src/core/address.js';
import { plainAddress } from '../../src/core/client-node.js';
import type { ClientSide } from '../../src/http1/forward-request.js';
import type { Endpoints } from '../../src/inbound/endpoints.js';
import type { ClientCertificate } from '../../src/tls/client-certificate.js';
import type { Listener } from '../listeners.js';
import type { Handshaken } from '../tls-transport.js';
import type { Transport } from '../transport.js';
import type { ClientPolicy } from './client-policy.js';
import type { ConnectionGate } from './connection-limits.js';

/** What is known once the TLS handshake is done. */
interface Secured {
  readonly handshaken: Handshaken;
  readonly certificate: ClientCertificate | undefined;
}

/** One accepted connection. What a PROXY header or a client's certificate says belongs here, beside the address. */
export class Arrival {
  readonly transport: Transport;
  /** The listener that accepted the connection. */
  readonly listener: Listener;
  /** The connection ends after its first request: its listener accepts no more. */
  isLast = false;
  /** What a PROXY header says of the connection; `undefined` where none was read, or it names nobody. */
  proxied: Endpoints | undefined = undefined;
  /** The line, with its CRLF, that has browsers keep to https; '' for none. */
  readonly hstsLine: string;
  /** Where the connection counts among all of the host, and among those of its address; it has to be counted out. */
  place: ConnectionGate | undefined = undefined;
  addressPlace: ConnectionGate | undefined = undefined;
  private policy: ClientPolicy;
  private secured: Secured | undefined = undefined;
  /** {@link client} once it was asked for. */
  private known: ClientSide | undefined;

  constructor(transport: Transport, listener: Listener, policy: ClientPolicy) {
    this.transport = transport;
    this.listener = listener;
    this.policy = policy;
    this.hstsLine = hstsLineOf(listener.settings.hsts);
  }

  /** What the TLS handshake has come to; `undefined` before it, and without TLS. */
  get handshaken(): Handshaken | undefined {
    return this.secured?.handshaken;
  }

  /** The TLS handshake is done. @param certificate the verified one that the client has shown, if any */
  secure(handshaken: Handshaken, certificate: ClientCertificate | undefined): void {
    this.secured = { handshaken, certificate };
    if (this.known !== undefined) this.known = this.sideOf(this.known.address);
  }

  /** The client as backends are told of it. Found out when first asked for, since the address costs a system call. */
  get client(): ClientSide {
    this.known ??= this.sideOf(this.proxied?.source.host ?? this.peer);
    return this.known;
  }

  /** The client's IP address, or `unix:`; '' when the client was gone before anybody asked for it. */
  get address(): string {
    return this.client.address;
  }

  /** Where the client is, and what it has connected to; `undefined` on a socket file, and when it was gone before anybody asked. */
  get endpoints(): Endpoints | undefined {
    return this.proxied ?? this.transport.endpoints;
  }

  /**
   * The IP address of the connection's other end: that of the client, or of a proxy that names it; `unix:` on a socket
   * file
   */
  get peer(): string {
    if (this.listener.isSocketFile) return SOCKET_FILE_CLIENT;
    return plainAddress(this.transport.peerAddress);
  }

  /** Whether the listener believes PROXY headers of others, and this connection's peer has no right to send one. */
  get mayNameNobody(): boolean {
    return this.listener.proxies?.has(this.peer) === false;
  }

  /** Takes over another policy. The address is kept: the client may be gone, and its address with it. */
  follow(policy: ClientPolicy): void {
    this.policy = policy;
    if (this.known !== undefined) this.known = this.sideOf(this.known.address);
  }

  private sideOf(address: string): ClientSide {
    const { policy, secured } = this;
    return secured === undefined ? policy.side(address, 'http') : policy.side(address, 'https', secured.certificate);
  }
}

function hstsLineOf(hsts: ListenerConfig['hsts']): string {
  if (hsts === undefined || hsts === false) return '';
  const { maxAge, includeSubDomains, preload } = hsts;
  const flags = (includeSubDomains ? '; includeSubDomains' : '') + (preload ? '; preload' : '');
  return `Strict-Transport-Security: max-age=${maxAge}${flags}\r\n`;
}
