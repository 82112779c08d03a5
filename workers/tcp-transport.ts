/** workers/tcp-transport.ts: a {@link Transport} over plain TCP, accepted or dialled. */
import type { Socket } from 'node:net';
import type { Endpoints } from '../src/inbound/endpoints.js';
import {
  adopt,
  dial,
  errorCodeOf,
  type Incoming,
  listenFor,
  type Reader,
  reset,
  type SocketOwner,
  type TextTarget,
  unsentBytes,
  wasReset,
  writeText,
} from './fast-socket.js';
import type { Loan } from './read-buffers.js';
import { endpointsOf } from './socket-endpoints.js';
import type { Closing, Transport, TransportUser } from './transport.js';

/** Makes a socket that reads into the buffer of `reader`. */
type MakeSocket = (reader: Reader) => Socket;

export class TcpTransport implements Transport, Reader, SocketOwner, TextTarget {
  user: TransportUser;
  readBuffer: Buffer;
  loan: Loan | undefined = undefined;
  readonly socket: Socket;
  /** See {@link TextTarget}. */
  textWaits = false;
  /** Text for the next write. */
  private held = '';

  private constructor(make: MakeSocket, readBuffer: Buffer, user: TransportUser) {
    this.user = user;
    this.readBuffer = readBuffer;
    this.socket = make(this);
    listenFor(this.socket, this);
  }

  /** Takes an accepted connection and begins to read. @param user may be replaced in the same turn */
  static accepted(incoming: Incoming, readBuffer: Buffer, user: TransportUser): TcpTransport {
    return new TcpTransport((reader) => adopt(incoming, reader), readBuffer, user);
  }

  /**
   * Begins to connect.
   * @param host an IP literal, since a name would be looked up for each connection; or `unix:/path`
   * @param probeMs silence after which the kernel asks whether the peer is still there, in milliseconds; 0: never
   */
  static dialled(host: string, port: number, readBuffer: Buffer, user: TransportUser, probeMs = 0): TcpTransport {
    const transport = new TcpTransport((reader) => dial(host, port, reader, probeMs), readBuffer, user);
    transport.socket.on('connect', () => transport.user.onOpen());
    return transport;
  }

  /** The bytes of one read. They go to whoever is the user by now, which may change from one read to the next. */
  onRead(buffer: Buffer, length: number): void {
    this.user.onBytes(buffer, length);
  }

  onPeerEnd(): void {
    this.user.onPeerEnd();
  }

  onClosed(): void {
    this.user.onClose();
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

  /** The kernel takes what fits into its buffer at once, so whatever is left shows that the peer is slower. */
  get isBehind(): boolean {
    return this.socket.writableLength > 0;
  }

  get pendingBytes(): number {
    return this.socket.writableLength;
  }

  get unsentBytes(): number {
    return unsentBytes(this.socket);
  }

  get peerAddress(): string {
    return this.socket.remoteAddress ?? '';
  }

  get endpoints(): Endpoints | undefined {
    return endpointsOf(this.socket);
  }

  /**
   * A reset that comes with the last bytes is reported as an ordinary end (libuv, uv__stream_io: a partial read with
   * POLLHUP). The kernel forgets the peer of a connection that was reset, and remembers that of one that has ended.
   */
  get wasReset(): boolean {
    return wasReset(this.socket);
  }

  get endsUnannounced(): boolean {
    return false;
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  hold(text: string): void {
    this.held += text;
  }

  flush(onWritten?: () => void): void {
    const text = this.held;
    if (text === '') return;
    this.held = '';
    if (onWritten === undefined) writeText(this, text);
    else this.socket.write(text, 'latin1', onWritten);
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
        // With nothing left to send, closing sends the same FIN as ending first, and saves a system call and an event.
        if (this.unsentBytes === 0) this.socket.destroy();
        else this.socket.destroySoon();
        return;
      case 'now':
        this.socket.destroy();
        return;
      case 'reset':
        reset(this.socket);
        return;
    }
  }
}
