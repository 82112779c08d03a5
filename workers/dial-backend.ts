/**
 * workers/dial-backend.ts: makes the connections to backends, for requests, TCP connections and probes: plain or over
 * TLS, either behind a PROXY header. Nothing else dials.
 */
import { TcpTransport } from './tcp-transport.js';
import type { TlsClientSide } from './tls-socket.js';
import { TlsTransport } from './tls-transport.js';
import type { Transport, TransportUser } from './transport.js';
import type { WorkerBackend } from './worker-backend.js';
import type { WorkerPool } from './worker-pool.js';

/** The protocol that uses a connection to a backend. */
export interface BackendUser extends TransportUser {
  /** The connection goes on as `transport`, since TLS is put over it. Called before `onOpen`, if at all. */
  onCovered(transport: Transport): void;
}

export interface BackendTarget {
  /** IP literal. */
  readonly host: string;
  readonly port: number;
  /** What the connection begins with, one byte a character: a PROXY header; '' for nothing. */
  readonly opening: string;
  /** How to speak TLS; `undefined`: not at all. */
  readonly tls: TlsClientSide | undefined;
  readonly readBuffer: Buffer;
  /** Silence after which the kernel asks whether the backend is still there, in milliseconds; 0: never. */
  readonly tcpKeepAlive: number;
}

/** @returns where and how a worker connects to a backend. @param opening see {@link BackendTarget} */
export function targetOf(
  { name, context, dispatch }: WorkerPool,
  { listed, host, port }: WorkerBackend,
  opening: string,
): BackendTarget {
  const { timeouts, tls } = dispatch.config;
  return {
    host,
    port,
    opening,
    tls: tls === undefined ? undefined : context.backendTls.of(name).sideOf(listed, true),
    readBuffer: context.buffers.shared,
    tcpKeepAlive: timeouts.tcpKeepAlive,
  };
}

/**
 * Begins to connect. The user hears `onOpen` once the backend can be spoken to and is trusted, and `onClose` where that
 * fails. The opening is held, for the first write to take along, where no handshake comes before that.
 */
export function dialBackend(target: BackendTarget, user: BackendUser): Transport {
  const { host, port, opening, tls, readBuffer, tcpKeepAlive } = target;
  if (tls === undefined) {
    const transport = TcpTransport.dialled(host, port, readBuffer, user, tcpKeepAlive);
    transport.hold(opening);
    return transport;
  }
  if (opening === '') return TlsTransport.dialled(host, port, tls, readBuffer, user, tcpKeepAlive);
  return new Covering(target, tls, user).transport;
}

/** A connection over which TLS is put as soon as it is open and the PROXY header is written. */
class Covering implements TransportUser {
  readonly transport: TcpTransport;
  private readonly tls: TlsClientSide;
  private readonly user: BackendUser;

  constructor({ host, port, opening, readBuffer, tcpKeepAlive }: BackendTarget, tls: TlsClientSide, user: BackendUser) {
    this.tls = tls;
    this.user = user;
    this.transport = TcpTransport.dialled(host, port, readBuffer, this, tcpKeepAlive);
    this.transport.hold(opening);
  }

  onOpen(): void {
    const { transport, tls, user } = this;
    transport.flush();
    user.onCovered(TlsTransport.over(transport, tls, transport.readBuffer, user));
  }

  // Nothing comes before the handshake.
  onBytes(): void {}

  onPeerEnd(): void {
    this.transport.close('now');
  }

  onClose(): void {
    this.user.onClose();
  }
}
