/**
 * workers/transport.ts: what a connection may do to its socket, whatever is between the two. Nothing outside the files
 * beside this one touches `net.Socket`: a protocol reads from a {@link ByteSource}, writes to a {@link ByteSink} and does
 * not know whether the bytes are encrypted on the way.
 */
import type { Endpoints } from '../src/inbound/endpoints.js';
import type { Loan } from './read-buffers.js';

/**
 * A source of bytes. Those that arrive while it is paused wait in the kernel, which stops the sender when it is full.
 */
export interface ByteSource {
  /**
   * The buffer that the next read fills: the worker's shared one, or that of {@link loan}. Set it inside a read; set
   * outside of one, it takes effect one read late.
   */
  readBuffer: Buffer;
  /** The borrowed buffer that is read into, if any. It is kept from one message to the next while they are large. */
  loan: Loan | undefined;
  /** `false` once either side has closed the connection. */
  readonly isOpen: boolean;
  pause(): void;
  resume(): void;
}

/**
 * How to close a connection:
 * - `drain`: in an orderly way, once the kernel has taken everything that was written
 * - `now`: at once; what the kernel has not taken is lost
 * - `reset`: at once and with a reset, so that the peer cannot take the end of the connection for that of a message
 */
export type Closing = 'drain' | 'now' | 'reset';

/** A sink for bytes. Text is latin1, one byte a character. */
export interface ByteSink {
  /** Keeps `text` for the next write or {@link flush}, so that a head and its body are one write. */
  hold(text: string): void;
  /**
   * Writes the text that is held.
   * @param onWritten called once the kernel has taken it or the connection is lost; not called when nothing is held
   */
  flush(onWritten?: () => void): void;
  /** Writes the text that is held and then `bytes`, which must not change before `onWritten` is called. */
  write(bytes: Buffer, onWritten: () => void): void;
  /** Whether more was written than ought to wait in memory: the writer should stop until the `onWritten` of a write. */
  readonly isBehind: boolean;
  /** Bytes whose `onWritten` is still to come: their buffers are still in use. */
  readonly pendingBytes: number;
  /**
   * Ends this direction once everything is written.
   * @param onEnded called once it has ended or the connection is lost
   */
  end(onEnded?: () => void): void;
  close(how: Closing): void;
}

/** Both directions of a connection, or of a stream that is used as one: an end of a tunnel. */
export interface ByteChannel extends ByteSource, ByteSink {
  /** Bytes that the kernel has not taken yet. Unlike {@link pendingBytes} it falls in the middle of a long write. */
  readonly unsentBytes: number;
}

/** A connection to a client or a backend. */
export interface Transport extends ByteChannel {
  /** The protocol that gets the bytes and is told how the connection ends. */
  user: TransportUser;
  readonly isPaused: boolean;
  /** The peer's IP address; '' when the peer is gone already. Asking for it costs a system call. */
  readonly peerAddress: string;
  /** The addresses of both ends, the peer's as the source; `undefined` when the peer is gone already. */
  readonly endpoints: Endpoints | undefined;
  /**
   * Whether a peer that seems to have ended its direction has reset the connection instead. Ask in
   * {@link TransportUser.onPeerEnd} and only where it matters, since it costs a system call. It means nothing once our
   * own direction has ended, too.
   */
  readonly wasReset: boolean;
  /**
   * Whether the peer's end came without the goodbye of TLS (close_notify), so that anybody on the way can have made it.
   * Ask in {@link TransportUser.onPeerEnd}. Never so over TCP, which knows no such thing.
   */
  readonly endsUnannounced: boolean;
  /**
   * Node's code for what broke the connection, as in `ECONNRESET`, or its message if it has none; '' while nothing has.
   */
  readonly errorCode: string;
  /** Calls `listener` once, when the kernel has taken everything that was written. */
  onceDrained(listener: () => void): void;
}

/** The protocol that uses a {@link Transport}: it gets the bytes and is told of the connection's state. */
export interface TransportUser {
  /** The connection has opened. Called for one that was dialled; one that was accepted is open from the start. */
  onOpen(): void;
  /** Bytes arrived in `buffer[0, length)`; they may be overwritten once the call returns. */
  onBytes(buffer: Buffer, length: number): void;
  /** The peer has ended its direction. */
  onPeerEnd(): void;
  /** The connection is closed: always called, once, as the last call. */
  onClose(): void;
}
