/**
 * workers/inbound/proxy-step.ts: reads the PROXY header of a connection, before anything else knows of it. Until then it
 * is a client connection of its own in the door's list, so that it counts, and ends with the others.
 */
import { FirstBytes } from '../../src/inbound/first-bytes.js';
import { type ProxyHeaderFault, readProxyHeader } from '../../src/inbound/proxy-header.js';
import type { TcpTransport } from '../tcp-transport.js';
import { WheelTimer } from '../timer-wheel.js';
import type { TransportUser } from '../transport.js';
import type { WorkerContext } from '../worker-context.js';
import type { Arrival } from './arrival.js';
import type { ClientConnection } from './client-connections.js';

/** Is told what a connection begins with; one of its methods is called once, unless the connection closes before. */
export interface ProxyStepOwner {
  /** The client is known, and `early` are the bytes that have come behind the header. */
  onProxied(step: ProxyStep, early: Buffer): void;
  /** The header is wrong, missing or late. */
  onNotProxied(step: ProxyStep, fault: ProxyHeaderFault | 'late'): void;
  left(step: ProxyStep): void;
}

export class ProxyStep implements ClientConnection, TransportUser {
  readonly transport: TcpTransport;
  readonly arrival: Arrival;
  readonly exchanges = [];
  private readonly owner: ProxyStepOwner;
  private readonly context: WorkerContext;
  private readonly isOptional: boolean;
  private readonly timer = new WheelTimer(this);
  private readonly bytes = new FirstBytes();
  private isOver = false;

  constructor(context: WorkerContext, owner: ProxyStepOwner, transport: TcpTransport, arrival: Arrival) {
    const { proxyProtocol } = arrival.listener.settings;
    this.context = context;
    this.owner = owner;
    this.transport = transport;
    this.arrival = arrival;
    this.isOptional = proxyProtocol?.optional ?? true;
    transport.user = this;
    context.wheel.arm(this.timer, proxyProtocol?.timeout ?? 0);
  }

  begin(): void {}

  turnAway(): void {
    this.transport.close('now');
  }

  onConfigured(): void {}

  drain(): void {
    this.transport.close('now');
  }

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
    const header = readProxyHeader(bytes);
    if (header === 'incomplete') return;
    if (header === 'missing' && this.isOptional) return this.pass(bytes);
    if (typeof header === 'string') return this.fail(header);
    this.arrival.proxied = header.endpoints;
    this.pass(bytes.subarray(header.length));
  }

  onPeerEnd(): void {
    this.transport.close('now');
  }

  onClose(): void {
    this.context.wheel.drop(this.timer);
    if (!this.isOver) this.owner.left(this);
  }

  onTimeout(): void {
    // Whoever waits for the server to speak first sends no header, if it need not send one.
    if (this.isOptional && this.bytes.bytes.length === 0) this.pass(this.bytes.bytes);
    else this.fail('late');
  }

  private pass(early: Buffer): void {
    this.leave();
    this.owner.onProxied(this, early);
  }

  private fail(fault: ProxyHeaderFault | 'late'): void {
    this.leave();
    this.owner.onNotProxied(this, fault);
  }

  private leave(): void {
    this.isOver = true;
    this.context.wheel.drop(this.timer);
  }
}
