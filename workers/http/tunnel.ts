/**
 * workers/http/tunnel.ts: two connections that carry bytes nobody looks at any more, after a 101 (RFC 9110
 * section 7.8). Each direction ends on its own, as TCP allows; both end when one breaks or nothing moves for long.
 */
import type { BackendId } from '../../src/core/backend.js';
import { WheelTimer } from '../timer-wheel.js';
import type { ClientConnection } from './client-connection.js';
import { Flow, type FlowOwner } from './flow.js';
import type { HttpPool } from './http-pool.js';
import type { Plane } from './plane.js';
import type { UpstreamConnection } from './upstream-connection.js';

const FLUSH_MS = 5_000;

export class Tunnel implements FlowOwner {
  private readonly plane: Plane;
  private readonly pool: HttpPool;
  private readonly client: ClientConnection;
  private readonly backend: UpstreamConnection;
  private readonly upward: Flow;
  private readonly downward: Flow;
  private readonly onOver: () => void;
  private readonly timer = new WheelTimer(this);
  private clientDone = false;
  private backendDone = false;
  private over = false;
  /** Connections that are not closed yet. */
  private open = 2;

  /** @param onOver called once when the tunnel has ended, however it did */
  constructor(pool: HttpPool, client: ClientConnection, backend: UpstreamConnection, onOver: () => void) {
    this.plane = pool.plane;
    this.pool = pool;
    this.client = client;
    this.backend = backend;
    this.onOver = onOver;
    this.upward = new Flow(client, backend.socket, pool.plane.buffers, this);
    this.downward = new Flow(backend, client.socket, pool.plane.buffers, this);
    this.touch();
  }

  fromClient(buffer: Buffer, length: number): void {
    this.client.record?.received(length);
    this.move(this.upward, buffer, length);
  }

  fromBackend(buffer: Buffer, length: number): void {
    this.client.record?.sent(length);
    this.move(this.downward, buffer, length);
  }

  clientEnded(): void {
    this.clientDone = true;
    this.backend.socket.end();
    if (this.backendDone) this.finish();
  }

  backendEnded(): void {
    this.backendDone = true;
    this.client.socket.end();
    if (this.clientDone) this.finish();
  }

  /** The client's connection is closed. */
  clientGone(): void {
    this.closed();
  }

  /** The backend's connection broke; what it sent before is still delivered. */
  backendGone(): void {
    this.client.socket.destroySoon();
    this.closed();
  }

  /** Ends if it leads to that backend. */
  recall(pool: string, id: BackendId): void {
    if (this.pool.name === pool && this.backend.upstream.id === id) this.finish();
  }

  /** Nothing moved for too long, or an ended tunnel's peer does not take its last bytes. */
  onTimeout(): void {
    this.client.record?.blame('timeout');
    this.client.socket.destroy();
    this.backend.socket.destroy();
    this.finish();
  }

  onStalled(): void {}

  onMoving(): void {
    this.touch();
  }

  private move(flow: Flow, buffer: Buffer, length: number): void {
    this.touch();
    flow.write(buffer, 0, length);
    flow.settle();
    flow.adapt(length);
  }

  private get idleMs(): number {
    return this.client.route?.timeouts?.tunnelIdle ?? this.pool.dispatch.config.timeouts.tunnelIdle;
  }

  private touch(): void {
    if (!this.over) this.plane.wheel.arm(this.timer, this.idleMs);
  }

  private closed(): void {
    this.finish();
    this.open -= 1;
    if (this.open === 0) this.plane.wheel.drop(this.timer);
  }

  private finish(): void {
    if (this.over) return;
    this.over = true;
    this.upward.abandon();
    this.downward.abandon();
    // Both ends may still have bytes to flush, for so long.
    this.plane.wheel.arm(this.timer, FLUSH_MS);
    this.backend.socket.destroySoon();
    this.client.socket.destroySoon();
    this.onOver();
  }
}
