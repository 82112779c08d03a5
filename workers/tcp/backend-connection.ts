/**
 * workers/tcp/backend-connection.ts: the connection of one client's TCP connection to a backend: from the dial to the end
 * of the tunnel. What was counted in for it is counted out once, however it ends.
 */
import { isOwnFault } from '../../src/core/own-fault.js';
import { handshakeFault } from '../../src/tls/server-trust.js';
import { type BackendUser, dialBackend, targetOf } from '../dial-backend.js';
import { ANYBODY } from '../streaks.js';
import { WheelTimer } from '../timer-wheel.js';
import type { Transport } from '../transport.js';
import type { Tunnel } from '../tunnel.js';
import type { WorkerBackend } from '../worker-backend.js';
import type { WorkerPool } from '../worker-pool.js';

/**
 * Why no connection to a backend could be opened:
 * - `refused`: it, or the network, refuses
 * - `backend-tls`: it does not speak TLS as it ought to, or is not trusted
 * - `connect-timeout`: it did not answer in time
 * - `no-socket`: this host has no file or port left
 */
export type DialFailure = 'refused' | 'backend-tls' | 'connect-timeout' | 'no-socket';

/** Is told how a dial ends; one of its methods is called once, unless the connection is closed before. */
export interface Dialler {
  onConnected(connection: TcpBackendConnection): void;
  /** @param fault what is wrong with the backend's TLS; '' where that is not the failure */
  onFailed(connection: TcpBackendConnection, failure: DialFailure, fault: string): void;
}

export class TcpBackendConnection implements BackendUser {
  readonly upstream: WorkerBackend;
  transport: Transport;
  /** How long it took to connect, in milliseconds; -1 before. */
  connectMs = -1;
  private readonly pool: WorkerPool;
  private readonly dialler: Dialler;
  private readonly isRetry: boolean;
  private readonly beganMs = performance.now();
  private readonly timer = new WheelTimer(this);
  private tunnel: Tunnel | undefined;
  private isOpen = false;
  /** It was reset, or broke. */
  isReset = false;
  private isCounted = true;
  private isClosed = false;

  /**
   * Begins to connect.
   * @param upstream where the attempt has been counted in
   * @param opening what the connection begins with: a PROXY header; '' for nothing
   * @param isRetry whether it has also been counted among the retries that are under way
   */
  constructor(pool: WorkerPool, upstream: WorkerBackend, dialler: Dialler, opening: string, isRetry: boolean) {
    const { context, dispatch } = pool;
    this.pool = pool;
    this.upstream = upstream;
    this.dialler = dialler;
    this.isRetry = isRetry;
    this.transport = dialBackend(targetOf(pool, upstream, opening), this);
    dispatch.connecting();
    context.wheel.arm(this.timer, dispatch.config.timeouts.connect);
  }

  /** From here on every byte belongs to `tunnel`. */
  join(tunnel: Tunnel): void {
    this.tunnel = tunnel;
  }

  /** Closes a connection without a tunnel, whose dialler is not told. */
  abandon(): void {
    this.isClosed = true;
    this.transport.close('now');
    this.letGo();
  }

  /** Counts the attempt out: the tunnel is over, or there will be none. Does nothing when called again. */
  letGo(): void {
    if (!this.isCounted) return;
    this.isCounted = false;
    const { context, dispatch } = this.pool;
    context.wheel.drop(this.timer);
    if (this.isRetry) dispatch.load.retries -= 1;
    dispatch.release(this.upstream);
  }

  onCovered(transport: Transport): void {
    this.transport = transport;
  }

  onOpen(): void {
    const { context, dispatch } = this.pool;
    if (this.isClosed) return;
    this.isOpen = true;
    context.wheel.drop(this.timer);
    const nowMs = performance.now();
    this.connectMs = nowMs - this.beganMs;
    dispatch.connected();
    dispatch.streaks.succeeded(this.upstream);
    if (dispatch.timed) dispatch.took(this.upstream, this.connectMs, 'answered', nowMs);
    this.upstream.responses.add(this.connectMs);
    this.transport.flush();
    this.dialler.onConnected(this);
  }

  onBytes(buffer: Buffer, length: number): void {
    this.tunnel?.fromBackend(buffer, length);
  }

  onPeerEnd(): void {
    const { tunnel, transport } = this;
    if (tunnel === undefined) return;
    this.isReset = !tunnel.clientDone && transport.wasReset;
    if (this.isReset) transport.close('now');
    else tunnel.backendEnded();
  }

  onClose(): void {
    const { isClosed, tunnel } = this;
    const { errorCode } = this.transport;
    this.isClosed = true;
    this.isReset ||= errorCode !== '';
    this.pool.dispatch.disconnected(this.isOpen);
    if (tunnel !== undefined) tunnel.backendGone(this.isReset);
    else if (!isClosed) this.refused(errorCode);
  }

  onTimeout(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.transport.close('now');
    this.fail('connect-timeout');
  }

  private refused(errorCode: string): void {
    if (isOwnFault(errorCode, this.upstream.host)) return this.fail('no-socket');
    const fault = this.pool.dispatch.config.tls === undefined ? '' : handshakeFault(errorCode);
    this.fail(fault === '' ? 'refused' : 'backend-tls', fault);
  }

  private fail(failure: DialFailure, fault = ''): void {
    const { context, dispatch } = this.pool;
    if (failure !== 'no-socket') dispatch.streaks.failed(this.upstream, 'connect', context.wheel.now, ANYBODY, fault);
    if (dispatch.timed) {
      const nowMs = performance.now();
      dispatch.took(this.upstream, nowMs - this.beganMs, 'failed', nowMs);
    }
    this.letGo();
    this.dialler.onFailed(this, failure, fault);
  }
}
