/**
 * workers/fast-socket.ts: the only file that knows Node's internals. It makes sockets that read into a buffer of ours
 * instead of allocating one per read, for accepted connections too, where Node offers that only for `net.connect`; and
 * it writes short texts without the stream machinery between a socket and its handle. Where Node looks different, or
 * ROUNDHOUSE_READ_MODE=events asks for it, 'data' events and `socket.write` do the same work.
 */
import { readSync } from 'node:fs';
import {
  type IpcSocketConnectOpts,
  type Server,
  Socket,
  type SocketConstructorOpts,
  type TcpSocketConnectOpts,
} from 'node:net';
import { socketFileOf } from '../src/core/address.js';

/** Gets the bytes of one socket. */
export interface Reader {
  /**
   * The buffer that the next bytes are read into. May be replaced inside {@link onRead}; the next read then uses it.
   */
  readonly readBuffer: Buffer;
  /** Bytes arrived in `buffer[0, length)`; they may be overwritten once the call returns. */
  onRead(buffer: Buffer, length: number): void;
}

/** An accepted connection that has no reader yet. */
export type Incoming = Socket | RawHandle;

/** The part of Node's handle of a TCP connection (libuv's uv_tcp_t), or of one over a socket file, that is used here. */
interface RawHandle {
  /** What is over a socket file goes out at once anyway. */
  setNoDelay?(on: boolean): void;
  useUserBuffer(buffer: Buffer): void;
  close(): void;
}

/** Closes an accepted connection that nobody has taken. */
export function dismiss(incoming: Incoming): void {
  if (incoming instanceof Socket) incoming.destroy();
  else incoming.close();
}

interface ListenHandle {
  onconnection: (status: number, handle: unknown) => void;
}

/** `onread` as Node implements it: a generator that returns nothing keeps the buffer it has. */
interface OnRead {
  readonly buffer: () => Buffer;
  readonly callback: (length: number, buffer: Buffer) => boolean;
}

/** How sockets read: into a buffer of ours, or into one that Node allocates for each 'data' event. */
export type ReadMode = 'buffer' | 'events';

/** The way in which all sockets of this process read. */
export const readMode: ReadMode = process.env['ROUNDHOUSE_READ_MODE'] === 'events' ? 'events' : 'buffer';

function isRawHandle(value: unknown): value is RawHandle {
  if (typeof value !== 'object' || value === null) return false;
  return 'useUserBuffer' in value && 'close' in value;
}

function isListenHandle(value: unknown): value is ListenHandle {
  return typeof value === 'object' && value !== null && 'onconnection' in value;
}

function onReadOf(reader: Reader): OnRead {
  let current: Buffer | undefined;
  const next = (): Buffer | undefined => {
    if (reader.readBuffer === current) return undefined;
    current = reader.readBuffer;
    return current;
  };
  return {
    // Node's type does not say that a generator may return nothing, its code does
    // (lib/internal/stream_base_commons.js).
    buffer: next as () => Buffer,
    callback: (length, buffer) => {
      reader.onRead(buffer, length);
      return true;
    },
  };
}

/** @returns the option that has a socket of Node's read into the buffer of `reader`; none in mode `events` */
export function readOptions(reader: Reader): { readonly onread?: OnRead } {
  return readMode === 'events' ? {} : { onread: onReadOf(reader) };
}

/**
 * Hands every connection that `server` accepts to `accept`. Call it once the server listens.
 * In buffer mode the accepted handle is taken before Node wraps it in a socket of its own.
 */
export function acceptOn(server: Server, accept: (incoming: Incoming) => void): void {
  server.on('connection', accept);
  if (readMode === 'events') return;
  const handle: unknown = Reflect.get(server, '_handle');
  if (!isListenHandle(handle)) return;
  const wrapByNode = handle.onconnection;
  handle.onconnection = function onconnection(status, client) {
    // An accept that failed, or a handle of another kind, is Node's to deal with.
    if (status !== 0 || !isRawHandle(client)) wrapByNode.call(handle, status, client);
    else accept(client);
  };
}

interface ServerInside {
  _listen2(address: null, port: number, family: number, backlog: number): void;
}

/**
 * Listens on a bound socket that the primary has sent. Node takes the handle of a TCP socket; that of a socket file it
 * takes for a descriptor to listen on anew, so it is put where Node looks for the handle it has bound itself.
 */
export function listenOnHandle(server: Server, handle: unknown, isSocketFile: boolean, backlog: number): void {
  if (!isSocketFile) {
    server.listen(handle, backlog);
    return;
  }
  Reflect.set(server, '_handle', handle);
  (server as Server & ServerInside)._listen2(null, -1, -1, backlog);
}

/** Gives an accepted connection its reader and starts reading. The caller adds the listeners in the same turn. */
export function adopt(incoming: Incoming, reader: Reader): Socket {
  if (incoming instanceof Socket) return readByEvents(incoming, reader);
  incoming.setNoDelay?.(true);
  const options = { handle: incoming, allowHalfOpen: true, onread: onReadOf(reader) };
  return new Socket(options);
}

/**
 * Begins to connect; the caller adds the listeners in the same turn. `host` should be an IP literal, or `unix:/path`.
 * @param probeMs silence after which the kernel asks whether the peer is still there, in milliseconds; 0: never
 */
export function dial(host: string, port: number, reader: Reader, probeMs = 0): Socket {
  const options = {
    ...{ allowHalfOpen: true, noDelay: true, keepAlive: probeMs > 0, keepAliveInitialDelay: probeMs },
    ...(readMode === 'buffer' ? { onread: onReadOf(reader) } : {}),
  };
  const socket = new DialledSocket(options, reader);
  socket.connect(placeOf(host, port));
  return readMode === 'events' ? readByEvents(socket, reader) : socket;
}

/** @returns where Node is to connect to */
export function placeOf(host: string, port: number): TcpSocketConnectOpts | IpcSocketConnectOpts {
  const path = socketFileOf(host);
  return path === undefined ? { host, port, autoSelectFamily: false } : { path };
}

/**
 * A socket that was dialled. A peer that answers early and closes with bytes unread resets the connection, so that our
 * next write fails, while its answer lies in the kernel: that is read before the socket is destroyed.
 */
class DialledSocket extends Socket {
  readonly #reader: Reader;

  constructor(options: SocketConstructorOpts, reader: Reader) {
    super(options);
    this.#reader = reader;
  }

  override destroy(error?: Error): this {
    if (error !== undefined && isOfWrite(error) && !this.destroyed) readRest(this, this.#reader);
    return super.destroy(error);
  }
}

function isOfWrite(error: NodeJS.ErrnoException): boolean {
  return error.syscall === 'write';
}

/**
 * Hands over what the kernel holds of a connection whose write has failed: nothing further comes behind that. Node
 * reports such a failure in a turn of its own, outside of any read, so that the reader's buffer is free.
 */
function readRest(socket: Socket, reader: Reader): void {
  const descriptor = descriptorOf(socket);
  // A reader that pauses has enough to do; there is no later for the rest.
  while (descriptor >= 0 && !socket.destroyed && !socket.isPaused()) {
    const length = readAtOnce(descriptor, reader.readBuffer);
    if (length === 0) return;
    reader.onRead(reader.readBuffer, length);
  }
}

/** @returns the file descriptor of a socket; -1 where there is none, as on Windows */
function descriptorOf(socket: Socket): number {
  const handle: unknown = Reflect.get(socket, '_handle');
  if (typeof handle !== 'object' || handle === null || !('fd' in handle)) return -1;
  return typeof handle.fd === 'number' ? handle.fd : -1;
}

/** @returns how many bytes were read into `buffer` without waiting; 0 when there are none, for whatever reason */
function readAtOnce(descriptor: number, buffer: Buffer): number {
  try {
    return readSync(descriptor, buffer);
  } catch {
    return 0;
  }
}

export function readByEvents(socket: Socket, reader: Reader): Socket {
  socket.on('data', (chunk: Buffer) => reader.onRead(chunk, chunk.length));
  return socket;
}

/** Is told how one socket ends. */
export interface SocketOwner {
  /** The peer has ended its direction. */
  onPeerEnd(): void;
  /** The socket is closed: always called, once. */
  onClosed(): void;
}

const OWNER = Symbol('owner');

interface OwnedSocket extends Socket {
  [OWNER]?: SocketOwner;
}

/**
 * Tells `owner` how `socket` ends. All sockets share the listeners: closures for each would be a tenth of its memory.
 */
export function listenFor(socket: Socket, owner: SocketOwner): void {
  const owned: OwnedSocket = socket;
  owned[OWNER] = owner;
  // The error is kept in `socket.errored`; 'close' always follows, and its listener does the work.
  socket.on('error', ignore);
  socket.on('end', onEnd);
  socket.on('close', onClose);
}

function ignore(): void {}

function onEnd(this: OwnedSocket): void {
  this[OWNER]?.onPeerEnd();
}

function onClose(this: OwnedSocket): void {
  this[OWNER]?.onClosed();
}

/**
 * @returns Node's code for what broke `socket`, as in `ECONNRESET`, or its message if it has none; '' while nothing has
 */
export function errorCodeOf({ errored }: Socket): string {
  if (errored === null) return '';
  return 'code' in errored ? String(errored.code) : errored.message;
}

/** The part of a TCP handle that names the peer. */
interface NamingHandle {
  /** @returns 0, or an error number when the kernel knows no peer; `undefined` for TLS over a socket file */
  getpeername(out: object): number | undefined;
}

function isNamingHandle(value: unknown): value is NamingHandle {
  return typeof value === 'object' && value !== null && 'getpeername' in value;
}

/**
 * Whether a connection whose end has arrived was reset. Over TCP the kernel then knows no peer any more; Node itself
 * keeps the peer's address once it was asked for. Over a socket file the error waits for the next read (unix(7)).
 */
export function wasReset(socket: Socket): boolean {
  const handle: unknown = Reflect.get(socket, '_handle');
  const unnamed = isNamingHandle(handle) ? handle.getpeername({}) : undefined;
  if (unnamed !== undefined) return unnamed !== 0;
  const descriptor = descriptorOf(socket);
  return descriptor < 0 ? socket.remoteAddress === undefined : !isAtEnd(descriptor);
}

const ONE_BYTE = Buffer.alloc(1);

function isAtEnd(descriptor: number): boolean {
  try {
    return readSync(descriptor, ONE_BYTE) === 0;
  } catch {
    return false;
  }
}

/** Closes a connection with a reset, which its peer sees; one over a socket file cannot be reset and is just closed. */
export function reset(socket: Socket): void {
  if (canReset(Reflect.get(socket, '_handle'))) socket.resetAndDestroy();
  else socket.destroy();
}

/** Whether a handle, or the one below TLS, is that of a TCP connection. */
export function canReset(handle: unknown): boolean {
  return typeof handle === 'object' && handle !== null && 'reset' in handle;
}

/** Options for the server that {@link acceptOn} is called with. */
export const SERVER_OPTIONS = { allowHalfOpen: true, noDelay: true } as const;

/** The part of a TCP handle, listening or connected, that turns keep-alive probes on (tcp(7), TCP_KEEPIDLE). */
interface ProbingHandle {
  setKeepAlive(on: boolean, seconds: number): unknown;
}

function isProbingHandle(value: unknown): value is ProbingHandle {
  return typeof value === 'object' && value !== null && 'setKeepAlive' in value;
}

/**
 * Has the kernel ask the silent clients of `server` whether they are still there. It is set on the listening socket, which
 * on Linux hands it down to every connection that it accepts, so that none costs a system call of its own.
 * @param probeMs silence before the first question, in milliseconds; 0: none is asked
 * @returns whether connections inherit it; if not, each needs {@link probeClient}
 */
export function probeClientsOf(server: Server, probeMs: number): boolean {
  const handle: unknown = Reflect.get(server, '_handle');
  if (process.platform !== 'linux' || !isProbingHandle(handle)) return false;
  handle.setKeepAlive(probeMs > 0, secondsOf(probeMs));
  return true;
}

/** {@link probeClientsOf} for one accepted connection. */
export function probeClient(incoming: Incoming, probeMs: number): void {
  if (incoming instanceof Socket) incoming.setKeepAlive(probeMs > 0, probeMs);
  else if (isProbingHandle(incoming)) incoming.setKeepAlive(probeMs > 0, secondsOf(probeMs));
}

function secondsOf(probeMs: number): number {
  return Math.ceil(probeMs / 1_000);
}

/** The part of a socket's handle that writes (lib/internal/stream_base_commons.js, src/stream_base.cc). */
interface WritingHandle {
  /** @returns an error number or 0, or from Node 26 on the request that is now pending */
  writeLatin1String(request: WriteRequest | null, text: string): number | WriteRequest;
  readonly writeQueueSize: number;
}

/** Node's WriteWrap. Only a write that the kernel does not take at once keeps it. */
interface WriteRequest {
  oncomplete: (status: number) => void;
}

interface SocketInside {
  readonly _handle: WritingHandle | null;
}

type WriteRequestClass = new () => WriteRequest;

/**
 * How Node's own writes use a handle, learnt from the first of them:
 * - `given`: every write brings a request object, of a class that cannot be imported
 * - `made`: native code makes the request, if a write needs one
 * - `unknown`: no write was seen yet, or it was like neither; `socket.write` is used
 */
let dialect: 'unknown' | 'given' | 'made' = 'unknown';
/** Whether the dialect is still to be learnt. */
let unlearnt = readMode === 'buffer';
/** For `given`: the class of a write's request. */
let writeRequestClass: WriteRequestClass | undefined;
/** For `given`: the request for the next write. It stays unused while the kernel takes everything at once. */
let spare: WriteRequest | null = null;

/** The longest text that Node writes without allocating memory for it, in bytes. */
const SHORT_TEXT = 16_384;

/** A socket that texts are written to. */
export interface TextTarget {
  readonly socket: Socket;
  /** Whether a text that was written past the stream still waits in the handle's queue, which the stream cannot see. */
  textWaits: boolean;
}

/**
 * Writes text of one byte a character. A short one on an empty queue goes straight to the handle, which saves the
 * stream's bookkeeping, about a twentieth of a small request; everything else takes the ordinary way.
 */
export function writeText(target: TextTarget, text: string): void {
  const socket = target.socket as Socket & SocketInside;
  const handle = socket._handle;
  if (unlearnt && handle !== null) learnDialect(handle);
  const ordinary = dialect === 'unknown' || target.textWaits || text.length > SHORT_TEXT;
  if (ordinary || handle === null || socket.writableLength > 0 || !socket.writable) {
    socket.write(text, 'latin1');
    return;
  }
  const result = handle.writeLatin1String(spare, text);
  if (typeof result === 'object') waitFor(target, result);
  else if (result !== 0) socket.destroy();
  else if (spare !== null && handle.writeQueueSize > 0) waitForSpare(target, spare);
}

/** Keeps later texts behind one that the kernel did not take at once: they go through the stream until it has. */
function waitFor(target: TextTarget, request: WriteRequest): void {
  target.textWaits = true;
  request.oncomplete = (status) => {
    target.textWaits = false;
    if (status < 0) target.socket.destroy();
  };
}

/** {@link waitFor} with the spare request, which the handle keeps now, so that the next write needs another. */
function waitForSpare(target: TextTarget, request: WriteRequest): void {
  waitFor(target, request);
  if (writeRequestClass !== undefined) spare = new writeRequestClass();
}

/** Learns the dialect from the next write that Node makes on `handle`, by standing in for its method once. */
function learnDialect(handle: WritingHandle): void {
  if (typeof handle.writeLatin1String !== 'function' || typeof handle.writeQueueSize !== 'number') return;
  unlearnt = false;
  const write = handle.writeLatin1String;
  handle.writeLatin1String = (request, text) => {
    handle.writeLatin1String = write;
    if (request === null) dialect = 'made';
    else learnRequestClass(request);
    return write.call(handle, request, text);
  };
}

function learnRequestClass(request: WriteRequest): void {
  const made = Object.getPrototypeOf(request) as { readonly constructor: WriteRequestClass };
  if (made.constructor.name !== 'WriteWrap') return;
  writeRequestClass = made.constructor;
  spare = new writeRequestClass();
  dialect = 'given';
}

/** @returns bytes that the kernel has not taken yet; unlike `writableLength` it falls in the middle of a long write */
export function unsentBytes(socket: Socket): number {
  const handle: unknown = Reflect.get(socket, '_handle');
  if (typeof handle !== 'object' || handle === null || !('writeQueueSize' in handle)) return 0;
  return Number(handle.writeQueueSize) + socket.writableLength;
}
