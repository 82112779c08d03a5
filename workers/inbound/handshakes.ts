/**
 * workers/inbound/handshakes.ts: the TLS handshakes of a worker that are under way. Handshakes cost more than anything
 * else that a client can ask for, so only some are under way at once, and further connections wait their turn, unread.
 * One that takes long is most likely held up by its client: it gives up its place and goes on until its time is over.
 */
import type { X509Certificate } from 'node:crypto';
import type { TlsMaterial } from '../../src/core/secrets.js';
import type { Endpoints } from '../../src/inbound/endpoints.js';
import { clientCertificate } from '../../src/tls/client-certificate.js';
import { failureOf, type HandshakeFailure, securedOutcome } from '../../src/tls/outcomes.js';
import { dismiss } from '../fast-socket.js';
import type { Listener } from '../listeners.js';
import { TcpTransport } from '../tcp-transport.js';
import { WheelTimer } from '../timer-wheel.js';
import { type TlsServerSide, takeOffTls, verifyProblem } from '../tls-socket.js';
import { TlsTransport, type Under } from '../tls-transport.js';
import type { TransportUser } from '../transport.js';
import type { WorkerContext } from '../worker-context.js';
import { Arrival } from './arrival.js';

/** Time after which a handshake gives up its place, in milliseconds; with a client that answers it takes a tenth. */
const PLACE_MS = 1_000;

/** The door as its handshakes see it. */
export interface HandshakeOwner {
  /** Counts the connection, in all and among those of its address. @returns `false` if there are too many */
  countsIn(arrival: Arrival): boolean;
  /** The connection is gone before its handshake was done. */
  countsOut(arrival: Arrival): void;
  /** The handshake is done. */
  secured(arrival: Arrival): void;
  /** The client's certificate is missing or not trusted. @param problem OpenSSL's code for it; '' if it is missing */
  untrusted(arrival: Arrival, problem: string): void;
  /** The client of `arrival` does not speak TLS. @param transport its connection, in plain text */
  saidPlainText(transport: TcpTransport, arrival: Arrival): void;
  /** No handshake is left. */
  onNoHandshakes(): void;
}

/** A connection that waits for its turn. */
interface Waiting {
  readonly under: Under;
  readonly early: Buffer | undefined;
  readonly proxied: Endpoints | undefined;
  readonly listener: Listener;
  readonly sinceMs: number;
  /** How the handshake is answered in place of the listener's way. */
  readonly side: TlsServerSide | undefined;
}

export class Handshakes {
  private readonly context: WorkerContext;
  private readonly owner: HandshakeOwner;
  private readonly underWay = new Set<Handshake>();
  /** Handshakes that have a place. */
  private placed = 0;
  private waiting: Waiting[] = [];

  constructor(context: WorkerContext, owner: HandshakeOwner) {
    this.context = context;
    this.owner = owner;
  }

  /** Connections whose handshake is not done, those that wait included. */
  get count(): number {
    return this.underWay.size + this.waiting.length;
  }

  /**
   * Begins the handshake on a connection of a listener with TLS, or has it wait its turn.
   * @param early bytes that have been read already
   * @param proxied what a PROXY header has said
   * @param side how the handshake is answered in place of the listener's way
   */
  begin(under: Under, listener: Listener, early?: Buffer, proxied?: Endpoints, side?: TlsServerSide): void {
    const waiting = { under, listener, early, proxied, side, sinceMs: this.now };
    if (this.placed < this.context.config.limits.handshakes) return this.start(waiting);
    // One that was read from before would lose what comes now.
    if (under instanceof TcpTransport) under.pause();
    this.waiting.push(waiting);
  }

  /** Ends all at once: the worker is stopping. */
  cut(): void {
    for (const { under } of this.waiting.splice(0)) refuse(under);
    for (const handshake of this.underWay) handshake.cut();
  }

  /** The listener of that name accepts no more: connections whose handshake gets done end after one request. */
  drainListener(name: string): void {
    for (const { arrival } of this.underWay) if (arrival.listener.settings.name === name) arrival.isLast = true;
  }

  /** A handshake gives its place to the next connection that waits. */
  leavePlace(): void {
    this.placed -= 1;
    const { handshake } = this.context.config.timeouts;
    for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift()) {
      if (next.under instanceof TcpTransport) next.under.resume();
      if (this.now - next.sinceMs < handshake) return this.start(next);
      this.context.countHandshake('timeout');
      refuse(next.under);
    }
  }

  ended(handshake: Handshake): void {
    this.underWay.delete(handshake);
    if (this.count === 0) this.owner.onNoHandshakes();
  }

  private start(waiting: Waiting): void {
    const { under, listener, early, side } = waiting;
    const shown = side === undefined ? this.shownBy(listener) : { side, clientAuth: undefined };
    if (shown === undefined) {
      this.context.countHandshake('no-certificate');
      return refuse(under);
    }
    this.placed += 1;
    const { buffers, intake } = this.context;
    const transport = TlsTransport.accepted(under, shown.side, buffers.shared, NOBODY, early);
    const arrival = new Arrival(transport, listener, intake.policy);
    arrival.proxied = waiting.proxied;
    const handshake = new Handshake(this.context, this.owner, this, arrival, transport, under, shown.clientAuth);
    this.underWay.add(handshake);
    handshake.begin(waiting.sinceMs);
  }

  /** @returns how the listener answers handshakes; `undefined` if it has no certificate that can be used */
  private shownBy({ settings }: Listener) {
    try {
      const shown = this.context.tls.of(settings.name);
      return shown && { side: shown.side, clientAuth: shown.material.clientAuth };
    } catch {
      // The primary has tried the certificate before it sent it: what is missing here is memory.
      return undefined;
    }
  }

  private get now(): number {
    return this.context.wheel.now;
  }
}

/** Stands in for the handshake, which takes over in the same turn. */
const NOBODY: TransportUser = { onOpen() {}, onBytes() {}, onPeerEnd() {}, onClose() {} };

/** Closes a connection that nothing can be said to. */
export function refuse(under: Under): void {
  if (under instanceof TcpTransport) under.close('now');
  else dismiss(under);
}

/** One handshake. */
class Handshake implements TransportUser {
  readonly arrival: Arrival;
  private readonly context: WorkerContext;
  private readonly owner: HandshakeOwner;
  private readonly all: Handshakes;
  private readonly transport: TlsTransport;
  private readonly under: Under;
  private readonly auth: TlsMaterial['clientAuth'];
  private readonly timer = new WheelTimer(this);
  private hasPlace = true;
  /** Why the handshake failed, where its socket does not say so. */
  private failure: HandshakeFailure | undefined;
  private restMs = 0;

  constructor(
    context: WorkerContext,
    owner: HandshakeOwner,
    all: Handshakes,
    arrival: Arrival,
    transport: TlsTransport,
    under: Under,
    auth: TlsMaterial['clientAuth'],
  ) {
    this.context = context;
    this.owner = owner;
    this.all = all;
    this.arrival = arrival;
    this.transport = transport;
    this.under = under;
    this.auth = auth;
    transport.user = this;
    transport.onPlainText = () => this.takePlainText();
  }

  /** @param sinceMs when the connection was accepted, by the worker's coarse clock */
  begin(sinceMs: number): void {
    if (!this.owner.countsIn(this.arrival)) return this.transport.close('now');
    const { config, wheel } = this.context;
    const leftMs = Math.max(1, config.timeouts.handshake - (wheel.now - sinceMs));
    this.restMs = Math.max(0, leftMs - PLACE_MS);
    wheel.arm(this.timer, leftMs - this.restMs);
  }

  cut(): void {
    this.transport.close('now');
  }

  onOpen(): void {
    const { arrival, transport } = this;
    const { handshaken } = transport;
    // Once only: Node takes the chain out of the connection with the first call.
    const shown = this.auth === undefined ? undefined : transport.socket.getPeerX509Certificate();
    const problem = this.problemWith(shown);
    arrival.secure(handshaken, problem === undefined && shown !== undefined ? clientCertificate(shown) : undefined);
    const { version, isResumed } = handshaken;
    this.context.countHandshake(problem === undefined ? securedOutcome(version, isResumed) : 'client-certificate');
    if (problem === undefined) this.owner.secured(arrival);
    else this.owner.untrusted(arrival, problem);
    // Last, so that a worker that is stopping never takes itself for empty in between.
    this.end();
  }

  // Nothing comes before the handshake is done.
  onBytes(): void {}

  onPeerEnd(): void {
    this.transport.close('now');
  }

  onClose(): void {
    this.end();
    this.owner.countsOut(this.arrival);
    const failure = this.failure ?? failureOf(this.transport.errorCode);
    this.context.countHandshake(failure);
  }

  onTimeout(): void {
    if (this.restMs > 0) {
      this.context.wheel.arm(this.timer, this.restMs);
      this.restMs = 0;
      return this.leavePlace();
    }
    this.failure = 'timeout';
    this.transport.close('now');
  }

  /** @returns why the client's certificate is refused, '' for a missing one; `undefined` if it is not */
  private problemWith(shown: X509Certificate | undefined): string | undefined {
    if (this.auth === undefined) return undefined;
    if (shown === undefined) return this.auth.required ? '' : undefined;
    const problem = verifyProblem(this.transport.socket);
    return problem === '' ? undefined : problem;
  }

  /** Says what is wrong to a client that does not speak TLS, which is most likely one of HTTP. */
  private takePlainText(): void {
    if (!this.transport.isOpen) return;
    this.owner.countsOut(this.arrival);
    this.context.countHandshake('plain-http');
    const { under } = this;
    takeOffTls(this.transport.socket);
    this.owner.saidPlainText(
      under instanceof TcpTransport ? under : TcpTransport.accepted(under, this.context.buffers.shared, NOBODY),
      this.arrival,
    );
    this.end();
  }

  private end(): void {
    this.context.wheel.drop(this.timer);
    this.leavePlace();
    this.all.ended(this);
  }

  private leavePlace(): void {
    if (!this.hasPlace) return;
    this.hasPlace = false;
    this.all.leavePlace();
  }
}
