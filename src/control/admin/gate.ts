/**
 * control/admin/gate.ts: a connection as `node:http` gets it, in small pieces. Its parser makes objects of all requests in
 * a piece before any is answered, and of 64 KiB of pipelined requests that would take the primary's loop for a tenth of a
 * second; behind a closed gate the rest of what was sent is not parsed.
 */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/** Most bytes that are parsed at once: some twenty of the shortest requests. */
const PIECE_BYTES = 1_024;

export class Gate extends Duplex {
  readonly #socket: Socket;
  #isClosed = false;

  constructor(socket: Socket) {
    super({ allowHalfOpen: true });
    this.#socket = socket;
    socket.on('error', () => this.destroy());
    socket.on('close', () => this.destroy());
    socket.on('data', (chunk) => this.#pass(chunk));
    socket.on('end', () => this.push(null));
    socket.on('timeout', () => this.emit('timeout'));
  }

  /** The address of the peer; '' for a socket file. */
  get peer(): string {
    return this.#socket.remoteAddress ?? '';
  }

  /** Whether something that was written waits for the client to take it. */
  get isBehind(): boolean {
    return this.#socket.writableLength > 0;
  }

  /** Passes nothing on any more that the client sends. */
  closeInput(): void {
    this.#isClosed = true;
  }

  /** Emits `timeout` after this time without a byte in either direction; 0: never. `node:http` uses it. */
  setTimeout(ms: number): this {
    this.#socket.setTimeout(ms);
    return this;
  }

  /** Ends the connection once all that was written is sent, whatever its client still sends. `node:http` uses it. */
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', () => this.destroy());
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(() => done());
  }

  override _destroy(_error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done();
  }

  #pass(chunk: Buffer): void {
    for (let at = 0; at < chunk.length && !this.#isClosed && !this.destroyed; at += PIECE_BYTES) {
      if (!this.push(chunk.subarray(at, at + PIECE_BYTES))) this.#socket.pause();
    }
  }
}
