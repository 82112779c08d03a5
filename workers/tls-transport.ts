/**
 * workers/tls-transport.ts: a {@link Transport} over TLS, accepted or dialled. Its user hears `onOpen` once the handshake
 * is done, and `onClose` where it fails; why is {@link TlsTransport.errorCode}.
 */
import type { TLSSocket } from 'node:tls';
import type { Endpoints } from '../src/inbound/endpoints.js';
import { errorCodeOf, type Incoming, listenFor, type SocketOwner, wasReset } from './fast-socket.js';
import type { Loan } from './read-buffers.js';
import { endpointsOf } from './socket-endpoints.js';
import { TcpTransport } from './tcp-transport.js';
import {
  dialSecure,
  hasSent,
  resetSecure,
  saidGoodbye,
  secureClient,
  secureServer,
  type TlsClientSide,
  type TlsReader,
  type TlsServerSide,
  unsentSecureBytes,
} from './tls-socket.js';
import type { Closing, Transport, TransportUser } from './transport.js';

/** A connection that TLS is put over: a handle that nobody has read from, or a transport that has been. */
export type Under = Incoming | TcpTransport;

/** What is known of a connection to a client once its handshake is done. */
export interface Handshaken {
  /** Version, as in `TLSv1.3`. */
  readonly version: string;
  /** The cipher suite's standard name. */
  readonly cipher: string;
  /** The name that the client asked for; '' for none. */
  readonly servername: string;
  /** The protocol that was agreed on by ALPN; '' for none. */
  readonly protocol: string;
  /** Whether a session was resumed, which saves the private key's part. */
  readonly isResumed: boolean;
}

/** Makes a socket that reads into the buffer of `reader`. */
type MakeSocket = (reader: TlsReader) => TLSSocket;

/**
 * Bytes in memory above which a writer should stop. It is not 0, as over TCP: every write of TLS waits for the next turn,
 * also where the kernel has taken it, so a writer would stop after each.
 */
const HIGH_WATER_BYTES = 262_144;

/**
 * Node's codes of errors of OpenSSL for a client that does not speak TLS: it knows the methods GET, HEAD, POST, PUT and
 * CONNECT; anything else looks to it like TLS of a version that does not exist.
 */
const PLAIN_TEXT: readonly unknown[] = [
  'ERR_SSL_HTTP_REQUEST',
  'ERR_SSL_HTTPS_PROXY_REQUEST',
  'ERR_SSL_WRONG_VERSION_NUMBER',
];

/** The user of the connection below: what happens there is heard through TLS. */
const NOBODY: TransportUser = { onOpen() {}, onBytes() {}, onPeerEnd() {}, onClose() {} };

export class TlsTransport implements Transport, TlsReader, SocketOwner {
  user: TransportUser;
  readBuffer: Buffer;
  loan: Loan | undefined = undefined;
  readonly socket: TLSSocket;
  /** Called, outside of OpenSSL's calls, in place of closing a connection whose client does not speak TLS. */
  onPlainText: (() => void) | undefined = undefined;
  /** Text for the next write. */
  private held = '';
  /**
   * What arrived while the connection was paused: what was received before is decrypted to its end all the same. It is
   * less than one read of the connection below.
   */
  private kept: Buffer[] | undefined;
  /** The peer's end has arrived behind what is kept. */
  private endsBehindKept = false;
  /** {@link endsUnannounced} at the time of the peer's end. */
  private isUnannounced = false;
  /** How we act as a client, until the server is trusted; `undefined` as a server. */
  private dialling: TlsClientSide | undefined;
  /** A session that began before the server was trusted. */
  private early: Buffer | undefined;

  private constructor(make: MakeSocket, readBuffer: Buffer, user: TransportUser, side?: TlsClientSide) {
    this.user = user;
    this.readBuffer = readBuffer;
    this.dialling = side;
    this.socket = make(this);
    if (side !== undefined) this.socket.on('session', (session) => this.onSession(session, side));
    listenFor(this.socket, this);
    secured(this.socket, this);
  }

  /**
   * Begins the server's side of a handshake on an accepted connection.
   * @param early bytes that have been read from it already
   */
  static accepted(
    under: Under,
    side: TlsServerSide,
    readBuffer: Buffer,
    user: TransportUser,
    early?: Buffer,
  ): TlsTransport {
    const make: MakeSocket = (reader) => secureServer(below(under), side, reader, early);
    return new TlsTransport(make, readBuffer, user);
  }

  /**
   * Begins to connect. The connection opens once the server is trusted; why it is not is {@link errorCode}.
   * @param host an IP literal, since a name would be looked up for each connection
   * @param probeMs as of {@link TcpTransport.dialled}
   */
  static dialled(
    host: string,
    port: number,
    side: TlsClientSide,
    readBuffer: Buffer,
    user: TransportUser,
    probeMs = 0,
  ): TlsTransport {
    return new TlsTransport((reader) => dialSecure(host, port, side, reader, probeMs), readBuffer, user, side);
  }

  /** Begins the client's side of a handshake on a connection that is open, behind what was written to it. */
  static over(under: TcpTransport, side: TlsClientSide, readBuffer: Buffer, user: TransportUser): TlsTransport {
    under.user = NOBODY;
    return new TlsTransport((reader) => secureClient(under.socket, side, reader), readBuffer, user, side);
  }

  /** The bytes of one read. They go to whoever is the user by now, which may change from one read to the next. */
  onRead(buffer: Buffer, length: number): void {
    if (this.kept === undefined && !this.socket.isPaused()) this.user.onBytes(buffer, length);
    else {
      this.kept ??= [];
      this.kept.push(Buffer.from(buffer.subarray(0, length)));
    }
  }

  onTlsError(error: Error): void {
    const { onPlainText } = this;
    // Once something was sent, the client has spoken TLS before.
    const isPlainText = 'code' in error && PLAIN_TEXT.includes(error.code) && !hasSent(this.socket);
    if (isPlainText && onPlainText !== undefined) setImmediate(onPlainText);
    else this.socket.destroy(error);
  }

  /** The handshake is done. */
  onSecure(): void {
    const { dialling: side, early } = this;
    const problem = side?.judge(this.socket) ?? '';
    if (problem !== '') return void this.socket.destroy(new Error(problem));
    this.dialling = undefined;
    if (early !== undefined) side?.keep(early);
    this.early = undefined;
    this.user.onOpen();
  }

  private onSession(session: Buffer, side: TlsClientSide): void {
    if (this.dialling === undefined) side.keep(session);
    else this.early = session;
  }

  onPeerEnd(): void {
    // In the handshake: there is nothing yet that could end.
    if (this.dialling !== undefined) return void this.socket.destroy();
    this.isUnannounced = !saidGoodbye(this.socket);
    if (this.kept === undefined) this.user.onPeerEnd();
    else this.endsBehindKept = true;
  }

  onClosed(): void {
    this.kept = undefined;
    this.user.onClose();
  }

  get handshaken(): Handshaken {
    const { socket } = this;
    const { servername, alpnProtocol } = socket;
    return {
      version: socket.getProtocol() ?? '',
      cipher: socket.getCipher()?.standardName ?? '',
      servername: typeof servername === 'string' ? servername : '',
      protocol: typeof alpnProtocol === 'string' ? alpnProtocol : '',
      isResumed: socket.isSessionReused(),
    };
  }

  get errorCode(): string {
    return errorCodeOf(this.socket);
  }

  get isOpen(): boolean {
    return !this.socket.destroyed;
  }

  get isPaused(): boolean {
    return this.socket.isPaused();
  }

  get isBehind(): boolean {
    return this.socket.writableLength > HIGH_WATER_BYTES;
  }

  get pendingBytes(): number {
    return this.socket.writableLength;
  }

  get unsentBytes(): number {
    return unsentSecureBytes(this.socket);
  }

  get peerAddress(): string {
    return this.socket.remoteAddress ?? '';
  }

  get endpoints(): Endpoints | undefined {
    return endpointsOf(this.socket);
  }

  /** As over TCP: the kernel forgets the peer of a connection that was reset. */
  get wasReset(): boolean {
    return wasReset(this.socket);
  }

  get endsUnannounced(): boolean {
    return this.isUnannounced;
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
    // In a tick of its own: the caller is in the middle of something.
    if (this.kept !== undefined) process.nextTick(deliver, this);
  }

  /** Hands over what arrived while the connection was paused, unless it is paused again. */
  deliverKept(): void {
    for (let next = this.kept?.[0]; next !== undefined && !this.socket.isPaused(); next = this.kept?.[0]) {
      this.kept?.shift();
      this.user.onBytes(next, next.length);
    }
    if (this.kept === undefined || this.kept.length > 0) return;
    this.kept = undefined;
    if (this.endsBehindKept) this.user.onPeerEnd();
  }

  hold(text: string): void {
    this.held += text;
  }

  flush(onWritten?: () => void): void {
    const text = this.held;
    if (text === '') return;
    this.held = '';
    this.socket.write(text, 'latin1', onWritten);
  }

  write(bytes: Buffer, onWritten: () => void): void {
    const { socket, held } = this;
    if (held === '') {
      socket.write(bytes, onWritten);
      return;
    }
    this.held = '';
    socket.cork();
    socket.write(held, 'latin1');
    socket.write(bytes, onWritten);
    socket.uncork();
  }

  end(onEnded?: () => void): void {
    this.flush();
    this.socket.end(onEnded);
  }

  onceDrained(listener: () => void): void {
    this.socket.once('drain', listener);
  }

  close(how: Closing): void {
    switch (how) {
      case 'drain':
        this.flush();
        // Says goodbye (close_notify) first: without it, the end looks like an attacker's.
        this.socket.destroySoon();
        return;
      case 'now':
        this.socket.destroy();
        return;
      case 'reset':
        resetSecure(this.socket);
        return;
    }
  }
}

/** @returns the connection below, whose bytes now go to TLS alone */
function below(under: Under): Incoming {
  if (!(under instanceof TcpTransport)) return under;
  under.user = NOBODY;
  return under.socket;
}

function deliver(transport: TlsTransport): void {
  transport.deliverKept();
}

const TRANSPORT = Symbol('transport');

interface OwnedSocket extends TLSSocket {
  [TRANSPORT]?: TlsTransport;
}

/** Tells `transport` when its handshake is done. All sockets share the listener, as in fast-socket.ts. */
function secured(socket: TLSSocket, transport: TlsTransport): void {
  const owned: OwnedSocket = socket;
  owned[TRANSPORT] = transport;
  socket.on('secure', onSecure);
}

function onSecure(this: OwnedSocket): void {
  this[TRANSPORT]?.onSecure();
}
