/**
 * workers/tunnel.ts: two channels that carry bytes nobody looks at, as after a 101 (RFC 9110 section 7.8). Each direction
 * ends on its own, as TCP allows; both end when one breaks or nothing moves for long.
 */
import { Flow, type FlowOwner } from './flow.js';
import type { ReadBuffers } from './read-buffers.js';
import { type TimerWheel, WheelTimer } from './timer-wheel.js';
import type { ByteChannel } from './transport.js';

/** Told what goes through a tunnel and how it ends. */
export interface TunnelOwner {
  /** So many bytes came from the client. */
  onUpward(bytes: number): void;
  /** So many bytes came from the backend. */
  onDownward(bytes: number): void;
  /** Nothing moved for too long, or a peer did not take its last bytes: the tunnel is about to end. */
  onTunnelTimeout(): void;
  /** The tunnel has ended, however it did; called once. */
  onTunnelOver(): void;
}

/** What a tunnel shares with the rest of its worker. */
export interface TunnelParts {
  readonly wheel: TimerWheel;
  readonly buffers: ReadBuffers;
  /** How long nothing may move, in milliseconds; 0 for any time. Read anew each time something has moved. */
  readonly idleMs: () => number;
}

/** What both ends may still flush after the end gets this long, in milliseconds. */
const FLUSH_MS = 5_000;

export class Tunnel implements FlowOwner {
  private readonly client: ByteChannel;
  private readonly backend: ByteChannel;
  private readonly parts: TunnelParts;
  private readonly owner: TunnelOwner;
  private readonly upward: Flow;
  private readonly downward: Flow;
  private readonly timer = new WheelTimer(this);
  private clientDone = false;
  private backendDone = false;
  private over = false;
  /** Channels that are not closed yet. */
  private open = 2;

  constructor(client: ByteChannel, backend: ByteChannel, parts: TunnelParts, owner: TunnelOwner) {
    this.client = client;
    this.backend = backend;
    this.parts = parts;
    this.owner = owner;
    this.upward = new Flow(client, backend, parts.buffers, this);
    this.downward = new Flow(backend, client, parts.buffers, this);
    this.touch();
  }

  fromClient(buffer: Buffer, length: number): void {
    this.owner.onUpward(length);
    this.move(this.upward, buffer, length);
  }

  fromBackend(buffer: Buffer, length: number): void {
    this.owner.onDownward(length);
    this.move(this.downward, buffer, length);
  }

  /** The client has ended its direction. */
  clientEnded(): void {
    this.clientDone = true;
    this.backend.end();
    if (this.backendDone) this.finish();
  }

  /** The backend has ended its direction. */
  backendEnded(): void {
    this.backendDone = true;
    this.client.end();
    if (this.clientDone) this.finish();
  }

  /** The client's channel is closed. */
  clientGone(): void {
    this.closed();
  }

  /** The backend's channel is closed; what it sent before is still delivered. */
  backendGone(): void {
    this.client.close('drain');
    this.closed();
  }

  onTimeout(): void {
    this.owner.onTunnelTimeout();
    this.client.close('now');
    this.backend.close('now');
    this.finish();
  }

  onStalled(): void {}

  onMoving(): void {
    this.touch();
  }

  /** Ends both directions once everything written has been taken. */
  finish(): void {
    if (this.over) return;
    this.over = true;
    this.upward.abandon();
    this.downward.abandon();
    this.parts.wheel.arm(this.timer, FLUSH_MS);
    this.backend.close('drain');
    this.client.close('drain');
    this.owner.onTunnelOver();
  }

  private move(flow: Flow, buffer: Buffer, length: number): void {
    this.touch();
    flow.write(buffer, 0, length);
    flow.settle();
    flow.adapt(length);
  }

  private touch(): void {
    if (!this.over) this.parts.wheel.arm(this.timer, this.parts.idleMs());
  }

  private closed(): void {
    this.finish();
    this.open -= 1;
    if (this.open === 0) this.parts.wheel.drop(this.timer);
  }
}
