/**
 * workers/tunnel.ts: joins two channels and moves the bytes of each to the other unread, as after a 101 (RFC 9110 section
 * 7.8). Each direction ends on its own, as TCP allows; both end when a channel breaks or nothing moves for long.
 */
import { Flow, type FlowOwner } from './flow.js';
import type { ReadBuffers } from './read-buffers.js';
import { type TimerWheel, WheelTimer } from './timer-wheel.js';
import type { ByteChannel } from './transport.js';

/** Is told what goes through a tunnel and how it ends. */
export interface TunnelOwner {
  /** `bytes` more came from the client. */
  onUpward(bytes: number): void;
  /** `bytes` more came from the backend. */
  onDownward(bytes: number): void;
  /**
   * Nothing moved for too long, or a peer did not take its last bytes in time: both channels are about to be closed.
   */
  onTunnelTimeout(): void;
  /** The tunnel has ended, for whatever reason; called once. */
  onTunnelOver(): void;
}

/** What a tunnel shares with the rest of its worker. */
export interface TunnelParts {
  readonly wheel: TimerWheel;
  readonly buffers: ReadBuffers;
  /** @returns how long nothing may move, in milliseconds, or 0 for any time; asked each time something has moved */
  readonly idleMs: () => number;
}

/** How long a peer may take nothing of what was written before the tunnel ended, in milliseconds. */
const FLUSH_MS = 5_000;

export class Tunnel implements FlowOwner {
  private readonly client: ByteChannel;
  private readonly backend: ByteChannel;
  private readonly parts: TunnelParts;
  private readonly owner: TunnelOwner;
  private readonly upward: Flow;
  private readonly downward: Flow;
  private readonly timer = new WheelTimer(this);
  /** The client has ended its direction. */
  clientDone = false;
  /** The backend has ended its direction. */
  backendDone = false;
  private over = false;
  /** Bytes that the peers had not taken when the time for the end of the tunnel was last set. */
  private unsent = 0;
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

  /** A read of the client's: `length` bytes at the start of `buffer`. */
  fromClient(buffer: Buffer, length: number): void {
    this.owner.onUpward(length);
    this.move(this.upward, buffer, length);
  }

  /** A read of the backend's: `length` bytes at the start of `buffer`. */
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

  /** The client's channel is closed, and with it the tunnel. @param passesReset whether to reset the backend's, too */
  clientGone(passesReset = false): void {
    if (passesReset) this.backend.close('reset');
    this.channelClosed();
  }

  /**
   * The backend's channel is closed, and with it the tunnel; what the backend sent before is still delivered.
   * @param passesReset whether to reset the client's instead
   */
  backendGone(passesReset = false): void {
    this.client.close(passesReset ? 'reset' : 'drain');
    this.channelClosed();
  }

  onTimeout(): void {
    if (this.over && this.hasProgressed()) return this.parts.wheel.arm(this.timer, FLUSH_MS);
    this.owner.onTunnelTimeout();
    this.client.close('now');
    this.backend.close('now');
    this.finish();
  }

  // Nothing moves while a peer takes nothing, so the idle timeout runs on.
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
    this.unsent = this.unsentBytes;
    this.parts.wheel.arm(this.timer, FLUSH_MS);
    this.backend.close('drain');
    this.client.close('drain');
    this.owner.onTunnelOver();
  }

  /** Whether a peer of a tunnel that is over has taken some of what was written, since this was last asked. */
  private hasProgressed(): boolean {
    const before = this.unsent;
    this.unsent = this.unsentBytes;
    return this.unsent < before;
  }

  private get unsentBytes(): number {
    return this.client.unsentBytes + this.backend.unsentBytes;
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

  /** One of the two channels is closed. */
  private channelClosed(): void {
    this.finish();
    this.open -= 1;
    if (this.open === 0) this.parts.wheel.drop(this.timer);
  }
}
