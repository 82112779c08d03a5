/**
 * workers/transport.ts: what a connection may do to its socket, whatever is between the two. Nothing outside the files
 * beside this one touches `net.Socket`: a protocol reads from a {@link ByteSource}, writes to a {@link ByteSink} and does
 * not know whether the bytes are encrypted on the way.
 */
import type { Loan } from './read-buffers.js';

/** Where bytes come from. What has arrived while it is paused waits in the kernel, and so does the sender. */
export interface ByteSource {
  /** Where the next read goes: the worker's shared buffer, or that of {@link loan}. Change it inside a read only. */
  readBuffer: Buffer;
  /** The borrowed buffer that is read into, kept from one message to the next while they are large. */
  loan: Loan | undefined;
  /** `false` once it was closed, by whichever side. */
  readonly isOpen: boolean;
  pause(): void;
  resume(): void;
}

/**
 * How to close a connection:
 * - `drain`: once everything written has been taken by the kernel, in an orderly way
 * - `now`: what was not sent yet is lost
 * - `reset`: so that the peer cannot take the end of the connection for the end of a message
 */
export type Closing = 'drain' | 'now' | 'reset';

/** Where bytes go. Text is latin1: one byte a character. */
export interface ByteSink {
  /** Keeps `text` for the next write or {@link flush}, so that a head and its body are one write. */
  hold(text: string): void;
  /** Writes what is held. @param onWritten called once the kernel has taken it, or never will; not when nothing is held */
  flush(onWritten?: () => void): void;
  /** Writes what is held and then `bytes`, which must not change before `onWritten`. */
  write(bytes: Buffer, onWritten: () => void): void;
  /** More was written than should wait in memory: who writes should rest until a write's `onWritten`. */
  readonly isBehind: boolean;
  /** Bytes written whose `onWritten` is still to come, so that their buffers may be referred to. */
  readonly pendingBytes: number;
  /** Ends this direction once everything is written. @param onEnded called when the kernel has been told, or never will */
  end(onEnded?: () => void): void;
  close(how: Closing): void;
}

/** Both directions of a connection, or of a stream that is used as one: an end of a tunnel. */
export interface ByteChannel extends ByteSource, ByteSink {}

/** A connection to a client or a backend. */
export interface Transport extends ByteChannel {
  /** Who gets the bytes and is told how the connection ends. */
  user: TransportUser;
  readonly isPaused: boolean;
  /** Bytes that the kernel has not taken yet; falls while a slow peer reads. */
  readonly unsentBytes: number;
  /** The peer's IP address; '' when it is gone already. Costs a system call. */
  readonly peerAddress: string;
  /**
   * Whether a peer that seems to have ended its direction has reset the connection instead. To be asked in
   * {@link TransportUser.onPeerEnd}, where it matters: it costs a system call. Says nothing once our own direction has
   * ended, too.
   */
  readonly wasReset: boolean;
  /** Node's code for what broke the connection, as in `ECONNRESET`; '' while nothing has. */
  readonly errorCode: string;
  /** Calls `listener` once when all that was written has been taken. */
  onceDrained(listener: () => void): void;
}

/** Who a {@link Transport} works for. */
export interface TransportUser {
  /** A connection that was dialled is open. */
  onOpen(): void;
  /** Bytes arrived in `buffer[0, length)`; they may be overwritten once the call returns. */
  onBytes(buffer: Buffer, length: number): void;
  /** The peer has ended its direction. */
  onPeerEnd(): void;
  /** The connection is closed: always called, once, as the last call. */
  onClose(): void;
}
