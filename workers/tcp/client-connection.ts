/**
 * workers/tcp/client-connection.ts: a client's TCP connection that is passed on as it is. A backend is dialled at once,
 * since it may be the one that speaks first; with `sni` the name in the ClientHello comes before. From then on a tunnel
 * moves the bytes of each side to the other.
 */
import { isKeyed } from '../../src/balancing/policies.js';
import type { BackendId } from '../../src/core/backend.js';
import type { Reason } from '../../src/core/reason.js';
import { readClientHello } from '../../src/inbound/client-hello.js';
import { FirstBytes } from '../../src/inbound/first-bytes.js';
import { beginsProxyHeader, writeProxyHeader } from '../../src/inbound/proxy-header.js';
import type { AccessLog } from '../access-log/access-log.js';
import type { ConnectionEnd } from '../access-log/connection-entry.js';
import { ConnectionRecord } from '../access-log/connection-record.js';
import { COLUMN, POOL_COLUMN, WORKER_COLUMN } from '../counters.js';
import type { LocalAnswer } from '../http/local-answer.js';
import type { Arrival } from '../inbound/arrival.js';
import type { ClientConnection } from '../inbound/client-connections.js';
import type { Door } from '../inbound/door.js';
import { WheelTimer } from '../timer-wheel.js';
import type { Transport, TransportUser } from '../transport.js';
import { Tunnel, type TunnelOwner } from '../tunnel.js';
import type { WorkerBackend } from '../worker-backend.js';
import type { WorkerContext } from '../worker-context.js';
import type { WorkerPool } from '../worker-pool.js';
import type { TcpBackendConnection } from './backend-connection.js';
import { type DialOwner, TcpDial } from './dial.js';

/**
 * - `new`: it has not been admitted yet
 * - `hello`: the ClientHello that names its pool has not come
 * - `dialling`: no backend is connected yet
 * - `tunnel`: bytes go through
 */
type Phase = 'new' | 'hello' | 'dialling' | 'tunnel' | 'closed';

/** Most bytes that are kept of a client before a backend is connected; then it is read no further. */
const MOST_EARLY_BYTES = 65_536;

export class TcpClientConnection implements ClientConnection, TransportUser, TunnelOwner, DialOwner {
  readonly arrival: Arrival;
  readonly exchanges = [];
  private readonly context: WorkerContext;
  private readonly door: Door;
  private readonly beganMs = performance.now();
  private readonly timer = new WheelTimer(this);
  private readonly record: ConnectionRecord | undefined;
  private phase: Phase = 'new';
  /** What the client has sent before a backend was connected. */
  private early: FirstBytes | undefined = new FirstBytes();
  /** Its line of the access log is written. */
  private isOver = false;
  /** Nothing was read yet. */
  private isFresh = true;
  /** The client has ended its direction. */
  private halfClosed = false;
  /** Its end has turned out to be a reset. */
  private wasReset = false;
  private pool: WorkerPool | undefined;
  private dial: TcpDial | undefined;
  private backend: TcpBackendConnection | undefined;
  private tunnel: Tunnel | undefined;

  constructor(context: WorkerContext, door: Door, arrival: Arrival) {
    this.context = context;
    this.door = door;
    this.arrival = arrival;
    arrival.transport.user = this;
    const { accessLog } = context;
    this.record = accessLog && new ConnectionRecord(accessLog, this.beganMs);
  }

  begin(early: Buffer): void {
    const { handshaken, listener } = this.arrival;
    const { sni, pool } = listener.settings;
    if (sni === undefined) this.goTo(pool);
    else if (handshaken !== undefined) this.goToServer(handshaken.servername.toLowerCase());
    else {
      this.phase = 'hello';
      this.context.wheel.arm(this.timer, this.context.config.timeouts.head);
    }
    if (early.length > 0) this.onBytes(early, early.length);
  }

  turnAway({ reason }: LocalAnswer): void {
    this.refuse(reason);
  }

  onConfigured(): void {}

  logsTo(log: AccessLog): boolean {
    return this.record?.log === log;
  }

  /** Nobody knows when it is done: it stays open until the time of the worker is over. */
  drain(): void {
    if (this.phase === 'hello') this.transport.close('drain');
  }

  cut(): void {
    this.end('stopped');
    this.dial?.leave();
    this.transport.close('now');
    this.backend?.transport.close('now');
  }

  evacuate(gone: WorkerBackend): void {
    this.dial?.evacuate(gone);
  }

  recall(pool: string, id: BackendId): void {
    if (this.pool?.name !== pool) return;
    this.dial?.recall(id);
    if (this.backend?.upstream.id !== id) return;
    this.record?.ends('drained');
    this.tunnel?.finish();
  }

  onOpen(): void {}

  onBytes(buffer: Buffer, length: number): void {
    if (this.phase === 'tunnel') return this.tunnel?.fromClient(buffer, length);
    if (this.phase === 'closed') return;
    const bytes = buffer.subarray(0, length);
    if (this.isFresh && this.arrival.mayNameNobody && beginsProxyHeader(bytes)) return this.refuse('bad-request');
    this.isFresh = false;
    this.early?.add(bytes);
    if (this.phase === 'hello') this.readHello();
    if (this.phase === 'dialling') this.limitEarly();
  }

  onPeerEnd(): void {
    this.halfClosed = true;
    const { tunnel, transport } = this;
    if (tunnel === undefined) {
      if (this.phase === 'hello') transport.close('drain');
      return;
    }
    this.wasReset = !tunnel.backendDone && transport.wasReset;
    if (this.wasReset) return transport.close('now');
    this.record?.ends(tunnel.backendDone ? 'backend-closed' : 'client-closed');
    tunnel.clientEnded();
  }

  onClose(): void {
    const isReset = this.wasReset || this.transport.errorCode !== '';
    this.phase = 'closed';
    this.context.wheel.drop(this.timer);
    this.end(isReset ? 'client-reset' : 'client-closed');
    this.dial?.leave();
    this.tunnel?.clientGone(isReset);
    this.door.left(this);
  }

  onTimeout(): void {
    this.refuse('client-timeout');
  }

  onConnected(connection: TcpBackendConnection): void {
    const { context, pool, transport, early } = this;
    if (pool === undefined) return connection.abandon();
    this.backend = connection;
    connection.upstream.counters.add(COLUMN.tcpOpened);
    this.record?.connected(connection.upstream.id, this.dial?.attempts ?? 1, connection.connectMs);
    this.dial = undefined;
    this.early = undefined;
    this.phase = 'tunnel';
    const idleMs = () => pool.dispatch.config.timeouts.tunnelIdle;
    const parts = { wheel: context.wheel, buffers: context.buffers, idleMs };
    this.tunnel = new Tunnel(transport, connection.transport, parts, this);
    connection.join(this.tunnel);
    if (early !== undefined && early.bytes.length > 0) this.tunnel.fromClient(early.bytes, early.bytes.length);
    if (transport.isPaused) transport.resume();
    if (this.halfClosed) this.tunnel.clientEnded();
  }

  onNoBackend(reason: Reason, fault: string): void {
    this.record?.attempted(this.dial?.attempts ?? 0, fault);
    this.dial = undefined;
    this.pool?.dispatch.counters.add(POOL_COLUMN.errors);
    this.context.countReason(reason);
    this.end(reason);
    this.transport.close('now');
  }

  onUpward(bytes: number): void {
    this.backend?.upstream.counters.addMany(COLUMN.tcpReceived, bytes);
    this.record?.received(bytes);
  }

  onDownward(bytes: number): void {
    this.backend?.upstream.counters.addMany(COLUMN.tcpSent, bytes);
    this.record?.sent(bytes);
  }

  onTunnelTimeout(): void {
    this.record?.ends('idle');
  }

  onTunnelOver(): void {
    this.end(this.backend?.isReset === true ? 'backend-reset' : 'backend-closed');
    this.backend?.letGo();
  }

  private get transport(): Transport {
    return this.arrival.transport;
  }

  private readHello(): void {
    const hello = readClientHello(this.early?.bytes ?? Buffer.alloc(0));
    if (hello === 'incomplete') return;
    this.context.wheel.drop(this.timer);
    if (typeof hello === 'string') return this.refuse(hello === 'too-large' ? 'too-large' : 'bad-request');
    this.goToServer(hello.serverName);
  }

  /** Finds the pool for the server name that the client asks for. */
  private goToServer(serverName: string): void {
    this.record?.names(serverName);
    const pool = this.arrival.listener.poolOf(serverName);
    if (pool === undefined) return this.refuse('no-route');
    this.goTo(pool);
  }

  /** Finds a backend of the pool of that name; of the only pool without one. */
  private goTo(name: string | undefined): void {
    const { context, arrival } = this;
    const pool = name === undefined ? context.onlyPool : context.pools.get(name);
    if (pool === undefined) return this.refuse('no-route');
    this.pool = pool;
    this.phase = 'dialling';
    this.record?.begins(arrival, pool.name);
    const { policy, proxyProtocol } = pool.dispatch.config;
    const opening = proxyProtocol === undefined ? '' : writeProxyHeader(proxyProtocol, arrival.endpoints);
    this.dial = new TcpDial(pool, this, isKeyed(policy) ? arrival.address : '', opening);
    this.dial.start();
  }

  /** Reads no further while there is enough to send to a backend that is not connected yet. */
  private limitEarly(): void {
    if ((this.early?.bytes.length ?? 0) >= MOST_EARLY_BYTES) this.transport.pause();
  }

  /** Closes the connection for a reason that lies with the client. */
  private refuse(reason: Reason): void {
    this.context.counters.add(WORKER_COLUMN.rejected);
    this.context.countReason(reason);
    this.record?.begins(this.arrival, this.pool?.name ?? '');
    this.end(reason);
    this.dial?.leave();
    this.dial = undefined;
    this.phase = 'closed';
    this.transport.close('now');
  }

  /** Writes the line of the access log and counts the duration, the first time that it is called. */
  private end(why: ConnectionEnd): void {
    if (this.isOver) return;
    this.isOver = true;
    const nowMs = performance.now();
    this.pool?.dispatch.durations.add(nowMs - this.beganMs);
    this.record?.write(why, nowMs);
  }
}
