/**
 * workers/inbound/hello-step.ts: reads the ClientHello of a connection before its TLS handshake begins, while a CA may ask
 * for the certificate that proves a name: OpenSSL chooses a certificate before it looks at ALPN. Until then it is a client
 * connection of its own in the door's list, so that it counts, and ends with the others.
 */
import { type ClientHello, readClientHello } from '../../src/inbound/client-hello.js';
import { FirstBytes } from '../../src/inbound/first-bytes.js';
import type { TcpTransport } from '../tcp-transport.js';
import { WheelTimer } from '../timer-wheel.js';
import type { TransportUser } from '../transport.js';
import type { WorkerContext } from '../worker-context.js';
import type { Arrival } from './arrival.js';
import type { ClientConnection } from './client-connections.js';

export interface HelloStepOwner {
  /**
   * The ClientHello was read; it is `undefined` where the connection begins with something else, which the handshake will
   * find out. @param early what has been read
   */
  onHello(step: HelloStep, hello: ClientHello | undefined, early: Buffer): void;
  left(step: HelloStep): void;
}

export class HelloStep implements ClientConnection, TransportUser {
  readonly transport: TcpTransport;
  readonly arrival: Arrival;
  readonly exchanges = [];
  private readonly owner: HelloStepOwner;
  private readonly context: WorkerContext;
  private readonly timer = new WheelTimer(this);
  private readonly bytes = new FirstBytes();
  private isOver = false;

  constructor(context: WorkerContext, owner: HelloStepOwner, transport: TcpTransport, arrival: Arrival) {
    this.context = context;
    this.owner = owner;
    this.transport = transport;
    this.arrival = arrival;
    transport.user = this;
    context.wheel.arm(this.timer, context.config.timeouts.handshake);
  }

  /** @param early bytes that have been read already */
  begin(early: Buffer): void {
    if (early.length > 0) this.onBytes(early, early.length);
  }

  turnAway(): void {
    this.transport.close('now');
  }

  onConfigured(): void {}

  /** Its first request is still to come, and ends it. */
  drain(): void {}

  cut(): void {
    this.transport.close('now');
  }

  evacuate(): void {}

  recall(): void {}

  logsTo(): boolean {
    return false;
  }

  onOpen(): void {}

  onBytes(buffer: Buffer, length: number): void {
    if (this.isOver) return;
    this.bytes.add(buffer.subarray(0, length));
    const { bytes } = this.bytes;
    const hello = readClientHello(bytes);
    if (hello === 'incomplete') return;
    this.isOver = true;
    this.context.wheel.drop(this.timer);
    this.owner.onHello(this, typeof hello === 'string' ? undefined : hello, bytes);
  }

  onPeerEnd(): void {
    this.transport.close('now');
  }

  onClose(): void {
    this.context.wheel.drop(this.timer);
    if (!this.isOver) this.owner.left(this);
  }

  onTimeout(): void {
    this.context.countHandshake('timeout');
    this.transport.close('now');
  }
}
