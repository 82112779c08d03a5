/**
 * workers/inbound/door.ts: leads every client connection from its accepted handle to the protocol that serves it, and
 * keeps the list of those that are open. Each step has its place here, once for all protocols:
 *
 * 1. {@link Door.receive} takes the handle and makes a transport of it.
 * 2. A PROXY header is read and names the client, before anything is counted by address.
 * 3. A ClientHello is peeked at, for listeners that choose by its SNI without opening the connection, and for those with
 *    TLS while a CA may ask for the certificate that proves a name (ACME).
 * 4. The TLS handshake makes a TLS transport of the TCP one; a client's certificate becomes part of the {@link Arrival}.
 * 5. {@link Door.serve} chooses the protocol: by ALPN, by the connection preface, or by the listener alone.
 * 6. {@link Door.admit} counts the connection, in all and by address. One too many is turned away, which comes last
 *    since only its protocol can tell the client.
 *
 * The parsers of steps 2 and 3 are pure, in `src/inbound/`; step 3 is the TCP connection's own, or a `HelloStep`.
 */
import type { Config } from '../../src/config/schema.js';
import type { IpList } from '../../src/core/ip-list.js';
import type { Share } from '../../src/core/share.js';
import type { ClientHello } from '../../src/inbound/client-hello.js';
import type { Endpoints } from '../../src/inbound/endpoints.js';
import type { ProxyHeaderFault } from '../../src/inbound/proxy-header.js';
import { ACME_PROTOCOL } from '../challenges.js';
import { WORKER_COLUMN } from '../counters.js';
import type { Incoming } from '../fast-socket.js';
import { Http1ClientConnection } from '../http/h1/client-connection.js';
import { Http2ClientConnection } from '../http/h2/client-connection.js';
import type { LocalAnswer } from '../http/local-answer.js';
import type { Listener } from '../listeners.js';
import { TcpClientConnection } from '../tcp/client-connection.js';
import { TcpTransport } from '../tcp-transport.js';
import type { Under } from '../tls-transport.js';
import type { TransportUser } from '../transport.js';
import type { WorkerContext } from '../worker-context.js';
import { Arrival } from './arrival.js';
import { type ClientConnection, ClientConnections } from './client-connections.js';
import { ConnectionLimits, type Visitor } from './connection-limits.js';
import { type HandshakeOwner, Handshakes, refuse } from './handshakes.js';
import { HelloStep, type HelloStepOwner } from './hello-step.js';
import { ProxyStep, type ProxyStepOwner } from './proxy-step.js';

const NO_ROOM: LocalAnswer = { status: 503, reason: 'too-many', detail: 'too many connections.' };
const PLAIN_HTTP: LocalAnswer = {
  status: 400,
  reason: 'bad-request',
  fault: 'plain-http',
  detail: 'this port speaks https, and the request came without TLS: write https:// in front.',
};
const TOO_MANY_OF_ADDRESS: LocalAnswer = {
  status: 429,
  reason: 'too-many',
  detail: 'too many connections from this address.',
};

const NO_CERTIFICATE: LocalAnswer = {
  status: 400,
  reason: 'denied',
  fault: 'no-client-certificate',
  detail: 'a client certificate is needed here.',
};

function refusedCertificate(problem: string): LocalAnswer {
  const detail = `the client certificate is not accepted: ${problem.toLowerCase().replaceAll('_', ' ')}.`;
  return { status: 400, reason: 'denied', fault: 'client-certificate', detail };
}

const BAD_PROXY_HEADER: LocalAnswer = {
  status: 400,
  reason: 'bad-request',
  detail: 'the connection has to begin with a valid PROXY header.',
};
const NO_PROXY_HEADER_IN_TIME: LocalAnswer = {
  status: 408,
  reason: 'client-timeout',
  detail: 'the PROXY header took too long.',
};
const NO_BYTES = Buffer.alloc(0);

/** Stands in for the protocol, which is chosen in the same turn, before anything is read. */
const NOBODY: TransportUser = { onOpen() {}, onBytes() {}, onPeerEnd() {}, onClose() {} };
/** Waits for no answer. */
const NO_VISITOR: Visitor = { goOn() {} };

export class Door implements HandshakeOwner, HelloStepOwner, ProxyStepOwner {
  /** The client connections that are open. */
  readonly connections = new ClientConnections();
  private readonly context: WorkerContext;
  private readonly limits: ConnectionLimits;
  private readonly handshakes: Handshakes;
  /** See {@link whenEmpty}. */
  private onEmpty: (() => void) | undefined;

  constructor(context: WorkerContext) {
    this.context = context;
    this.limits = new ConnectionLimits(context.config, context.permits);
    this.handshakes = new Handshakes(context, this);
  }

  /** Client connections, those in a TLS handshake included. */
  get clients(): number {
    return this.connections.size + this.handshakes.count;
  }

  /** @returns how many connections speak HTTP/2, and how many are passed on over TCP; counted once a second */
  protocols(): { readonly http2: number; readonly tcp: number } {
    let [http2, tcp] = [0, 0];
    for (const connection of this.connections) {
      if (connection instanceof Http2ClientConnection) http2 += 1;
      else if (connection instanceof TcpClientConnection) tcp += 1;
    }
    return { http2, tcp };
  }

  /** Takes a connection that `listener` has accepted. */
  receive(incoming: Incoming, listener: Listener): void {
    if (listener.proxies !== undefined) return this.receiveProxied(incoming, listener, listener.proxies);
    if (listener.settings.tls !== undefined) return this.secure(incoming, listener);
    this.enter(this.arrivalOn(TcpTransport.accepted(incoming, this.context.buffers.shared, NOBODY), listener));
  }

  /** Takes a connection of a listener that believes the PROXY headers of `proxies`. */
  private receiveProxied(incoming: Incoming, listener: Listener, proxies: IpList): void {
    const transport = TcpTransport.accepted(incoming, this.context.buffers.shared, NOBODY);
    const arrival = this.arrivalOn(transport, listener);
    if (!proxies.has(arrival.peer)) return this.goOn(transport, arrival, NO_BYTES);
    const step = new ProxyStep(this.context, this, transport, arrival);
    this.connections.add(step);
    if (this.clients > this.limits.most) step.cut();
  }

  onProxied(step: ProxyStep, early: Buffer): void {
    this.connections.delete(step);
    this.goOn(step.transport, step.arrival, early);
  }

  onNotProxied(step: ProxyStep, fault: ProxyHeaderFault | 'late'): void {
    this.connections.delete(step);
    const connection = this.begin(step.arrival);
    // Over TLS nothing can be said yet.
    if (step.arrival.listener.settings.tls !== undefined) connection.cut();
    else connection.turnAway(fault === 'late' ? NO_PROXY_HEADER_IN_TIME : { ...BAD_PROXY_HEADER, fault }, true);
  }

  /** Goes on with a connection whose client is known. @param early bytes that have been read of it already */
  private goOn(transport: TcpTransport, arrival: Arrival, early: Buffer): void {
    if (arrival.listener.settings.tls === undefined) this.enter(arrival, early);
    else this.secure(transport, arrival.listener, early, arrival.proxied);
  }

  /** Begins the TLS handshake on a connection. One too many is closed: nothing can be said before it is done. */
  private secure(under: Under, listener: Listener, early?: Buffer, proxied?: Endpoints): void {
    if (this.clients < this.limits.most) {
      if (this.context.challenges.isOverTls) return this.peek(under, listener, early, proxied);
      return this.handshakes.begin(under, listener, early, proxied);
    }
    this.context.counters.add(WORKER_COLUMN.accepted);
    this.context.counters.add(WORKER_COLUMN.rejected);
    refuse(under);
  }

  /** Reads the ClientHello of a connection before its handshake. */
  private peek(under: Under, listener: Listener, early: Buffer = NO_BYTES, proxied?: Endpoints): void {
    const transport =
      under instanceof TcpTransport ? under : TcpTransport.accepted(under, this.context.buffers.shared, NOBODY);
    const arrival = this.arrivalOn(transport, listener);
    arrival.proxied = proxied;
    const step = new HelloStep(this.context, this, transport, arrival);
    this.connections.add(step);
    step.begin(early);
  }

  onHello(step: HelloStep, hello: ClientHello | undefined, early: Buffer): void {
    const { transport, arrival } = step;
    const side = hello && this.context.challenges.sideFor(hello);
    this.handshakes.begin(transport, arrival.listener, early, arrival.proxied, side);
    // Last, so that a worker that is stopping never takes itself for empty in between.
    this.connections.delete(step);
  }

  countsIn(arrival: Arrival): boolean {
    if (this.limits.isOff) return true;
    // The primary answers while the handshake goes on; what it says counts when that is done.
    const verdict = this.limits.admit(arrival, NO_VISITOR);
    return verdict === 'admitted' || verdict === 'asked';
  }

  countsOut(arrival: Arrival): void {
    this.limits.leave(arrival);
  }

  secured(arrival: Arrival): void {
    // A CA has seen what it came for (RFC 8737 section 3).
    if (arrival.handshaken?.protocol === ACME_PROTOCOL) return this.dismissCa(arrival);
    const connection = this.enter(arrival);
    if (arrival.isLast) connection.drain();
  }

  private dismissCa(arrival: Arrival): void {
    arrival.transport.user = NOBODY;
    this.countsOut(arrival);
    arrival.transport.close('drain');
  }

  untrusted(arrival: Arrival, problem: string): void {
    this.begin(arrival).turnAway(problem === '' ? NO_CERTIFICATE : refusedCertificate(problem), true);
  }

  saidPlainText(transport: TcpTransport, { listener, proxied }: Arrival): void {
    const arrival = this.arrivalOn(transport, listener);
    arrival.proxied = proxied;
    this.begin(arrival).turnAway(PLAIN_HTTP, true);
  }

  onNoHandshakes(): void {
    this.lookWhetherEmpty();
  }

  private arrivalOn(transport: TcpTransport, listener: Listener): Arrival {
    return new Arrival(transport, listener, this.context.intake.policy);
  }

  /** Gives a connection to its protocol, and counts it in. */
  private enter(arrival: Arrival, early: Buffer = NO_BYTES): ClientConnection {
    const connection = this.begin(arrival);
    this.admit(connection, early);
    return connection;
  }

  /** Gives a connection to its protocol. */
  private begin(arrival: Arrival): ClientConnection {
    const connection = this.serve(arrival);
    this.connections.add(connection);
    this.context.counters.add(WORKER_COLUMN.accepted);
    return connection;
  }

  /** Ends every connection at once: the worker is stopping. */
  cut(): void {
    this.handshakes.cut();
    this.connections.cut();
  }

  /** Takes over another configuration, in one turn, so that no request sees a part of it. */
  configure(config: Config): void {
    this.limits.configure(config, this.connections.arrivals());
    this.connections.configure(this.context.intake.policy);
  }

  /** Takes over this worker's share of the limits of the host. */
  resize(share: Share): void {
    this.limits.resize(share);
  }

  /** Calls `listener` once no client is left, at once if none is; `undefined` takes that back. */
  whenEmpty(listener: (() => void) | undefined): void {
    this.onEmpty = listener;
    this.lookWhetherEmpty();
  }

  /** A connection has closed. */
  left(connection: ClientConnection): void {
    this.countsOut(connection.arrival);
    this.connections.delete(connection);
    this.lookWhetherEmpty();
  }

  private lookWhetherEmpty(): void {
    if (this.clients === 0) this.onEmpty?.();
  }

  /**
   * Serves a client of HTTP/2 whose connection began as one of HTTP/1.1, since it did not ask (RFC 9113 section 3.3).
   * @param bytes what the client has sent so far
   */
  becomeHttp2(begun: ClientConnection, bytes: Buffer): void {
    const connection = new Http2ClientConnection(this.context, this, begun.arrival);
    this.connections.delete(begun);
    this.connections.add(connection);
    connection.begin(bytes);
  }

  /** The listener of that name accepts no more: its open connections end after their current requests. */
  drainListener(name: string): void {
    this.handshakes.drainListener(name);
    this.connections.drainListener(name);
  }

  /** Chooses the protocol. */
  private serve(arrival: Arrival): ClientConnection {
    const { handshaken, listener } = arrival;
    const { protocol, protocols } = listener.settings;
    if (protocol === 'tcp') return new TcpClientConnection(this.context, this, arrival);
    const speaksHttp1 = protocols?.includes('http/1.1') !== false;
    const isHttp2 = handshaken === undefined ? !speaksHttp1 : handshaken.protocol === 'h2';
    if (isHttp2) return new Http2ClientConnection(this.context, this, arrival);
    return new Http1ClientConnection(this.context, this, arrival);
  }

  /** Counts a connection in, turns it away, or lets it wait until the primary has said whether there is room. */
  private admit(connection: ClientConnection, early: Buffer): void {
    const { limits } = this;
    if (this.connections.size > limits.most) return this.turnAway(connection, 'full');
    if (limits.isOff) return connection.begin(early);
    // The buffer is read into again before the primary's answer comes.
    const kept = early.length === 0 ? NO_BYTES : Buffer.from(early);
    const verdict = limits.admit(connection.arrival, { goOn: () => this.admitAsked(connection, kept) });
    if (verdict === 'admitted') connection.begin(early);
    else if (verdict === 'asked') connection.arrival.transport.pause();
    else this.turnAway(connection, verdict);
  }

  /** The primary has said whether there is room for a connection, which is not read from so far. */
  private admitAsked(connection: ClientConnection, early: Buffer): void {
    const { arrival } = connection;
    if (!this.connections.has(connection)) return;
    const verdict = this.limits.admit(arrival, { goOn: () => this.admitAsked(connection, early) });
    if (verdict === 'asked') return;
    arrival.transport.resume();
    if (verdict === 'admitted') connection.begin(early);
    else this.turnAway(connection, verdict);
  }

  private turnAway(connection: ClientConnection, verdict: 'full' | 'address-full'): void {
    // Lingering would keep the connection, of which there are too many.
    if (verdict === 'full') connection.turnAway(NO_ROOM, false);
    else connection.turnAway(TOO_MANY_OF_ADDRESS, true);
  }
}
