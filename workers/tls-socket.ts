/**
 * workers/tls-socket.ts: the neighbour of fast-socket.ts that knows the inside of Node's TLS sockets. It puts TLS over an
 * accepted handle, or over a socket that has been read from already, and keeps the reading into a buffer of ours, which
 * Node offers only for connections that it dials itself.
 */
import { randomBytes } from 'node:crypto';
import { Socket } from 'node:net';
import { constants } from 'node:os';
import { type ConnectionOptions, connect, type SecureContext, TLSSocket, type TLSSocketOptions } from 'node:tls';
import {
  canReset,
  type Incoming,
  placeOf,
  type Reader,
  readByEvents,
  readMode,
  readOptions,
  reset,
} from './fast-socket.js';

/** What libuv says when it is told to read what it reads already. */
const ALREADY_READING = -constants.errno.EALREADY;

/** The part of Node's TLS handle (src/crypto/crypto_tls.cc) that is used here. */
interface TlsHandle {
  onerror: (error: Error) => void;
  onnewsession: (id: Buffer, session: Buffer) => void;
  /** @returns why the peer's certificate is not trusted */
  verifyError(): (Error & { readonly code?: string }) | null | undefined;
  receive(bytes: Uint8Array): void;
  start(): void;
  destroySSL(): void;
  /** Encrypted bytes that the connection below has not taken. */
  readonly writeQueueSize: number;
  readonly _parent: ParentHandle;
  /** The socket that TLS was put over, if it was put over one. */
  readonly _parentWrap: Socket | null;
}

/** The handle of the TCP connection below. */
interface ParentHandle {
  readonly writeQueueSize: number;
  readonly bytesWritten: number;
  /** @returns 0, or an error number, which is that of `EALREADY` while it reads. */
  readStart(): number;
  close(onClosed?: () => void): void;
  reset(onClosed?: () => void): number;
}

interface Inside {
  readonly _handle: TlsHandle | null;
  readonly _tlsOptions: SocketOptions;
  connecting: boolean;
  setServername(name: string): void;
  _start(): void;
}

interface SocketOptions extends TLSSocketOptions {
  readonly under: Incoming;
}

type WrapHandle = (wrap: Socket | null, handle: unknown, isWriting: boolean) => unknown;

const wrapHandle = Reflect.get(TLSSocket.prototype, '_wrapHandle') as WrapHandle;

/** A TLS socket over `under`, which Node's constructor does not hear of, since it would drop `onread` then. */
class SocketOver extends TLSSocket {
  constructor(options: SocketOptions) {
    // Node's type asks for a socket; its code makes a connection of its own where there is none.
    super(undefined as unknown as Socket, options);
    // There is nothing to connect: set before Node begins to read, in the next tick.
    insideOf(this).connecting = false;
  }

  /** Node's constructor asks here for the handle. */
  _wrapHandle(): unknown {
    const { under } = insideOf(this)._tlsOptions;
    if (!(under instanceof Socket)) return wrapHandle.call(this, null, under, false);
    return wrapHandle.call(this, under, Reflect.get(under, '_handle'), under.writableLength > 0);
  }
}

function insideOf(socket: TLSSocket): Inside {
  return socket as TLSSocket & Inside;
}

/** Gets the bytes of one socket, and what OpenSSL does not accept. */
export interface TlsReader extends Reader {
  /** TLS has failed, before or after the handshake: the connection is of no use. */
  onTlsError(error: Error): void;
}

/** How a server answers a handshake. */
export interface TlsServerSide {
  readonly secureContext: SecureContext;
  /** Chooses another context by the name that the client asks for; left out where there is nothing to choose. */
  readonly SNICallback?: TLSSocketOptions['SNICallback'];
  /** Protocols that are offered by ALPN, each preceded by its length; left out where none is. */
  readonly ALPNProtocols?: Uint8Array;
  /** Asks for the client's certificate; whether it is trusted is then {@link verifyProblem}. */
  readonly requestCert: boolean;
}

/**
 * Puts the server's side of TLS over an accepted connection, which has to be open. The caller adds the listeners in the
 * same turn; the socket emits `secure` after the handshake.
 * @param early bytes that have been read already
 */
export function secureServer(under: Incoming, side: TlsServerSide, reader: TlsReader, early?: Buffer): TLSSocket {
  if (!(under instanceof Socket)) under.setNoDelay?.(true);
  return over(under, { ...side, isServer: true }, reader, early);
}

/** How a client makes a handshake. */
export interface TlsClientSide {
  readonly secureContext: SecureContext;
  /** The name that the server is asked for; never an IP address. */
  readonly servername: string | undefined;
  readonly ALPNProtocols: readonly string[];
  /** A session to resume. */
  readonly session: Buffer | undefined;
  /** Called once the handshake is done. @returns why the server is not trusted, in a clause; '' if it is */
  judge(socket: TLSSocket): string;
  /** Takes a session of a server that is trusted, to be resumed by another connection. */
  keep(session: Buffer): void;
}

/**
 * Begins to connect, and then the client's side of TLS. Events as of {@link secureServer}.
 * @param host as of `dial` in fast-socket.ts
 * @param probeMs as of `dial`
 */
export function dialSecure(host: string, port: number, side: TlsClientSide, reader: TlsReader, probeMs = 0): TLSSocket {
  const { ALPNProtocols, secureContext, session, servername } = side;
  const to = { ...placeOf(host, port), allowHalfOpen: true };
  const options: ConnectionOptions & { allowHalfOpen: boolean } = {
    secureContext,
    ...to,
    ALPNProtocols: [...ALPNProtocols],
    servername: servername ?? '',
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
    ...readOptions(reader),
  };
  if (session !== undefined) options.session = session;
  const socket = connect(options);
  // Kept until there is a connection; as options of a TLS socket they would be lost.
  socket.setNoDelay(true);
  if (probeMs > 0) socket.setKeepAlive(true, probeMs);
  // Node's own listener takes the end of a connection before its handshake for an error; 'close' comes either way.
  if (readMode === 'events') readByEvents(socket, reader);
  takeErrors(socket, reader);
  return socket;
}

/** {@link dialSecure} over a connection that is open, and on which something may have been written. */
export function secureClient(under: Socket, side: TlsClientSide, reader: TlsReader): TLSSocket {
  const { servername, ALPNProtocols, secureContext, session } = side;
  const resumed = session === undefined ? {} : { session };
  const options = { secureContext, ...resumed, ALPNProtocols: [...ALPNProtocols], requestCert: true };
  const socket = over(under, options, reader);
  if (servername !== undefined) insideOf(socket).setServername(servername);
  const handle = insideOf(socket)._handle;
  // Node keeps sessions back until it has verified the server, which is the caller's business here.
  if (handle !== null) handle.onnewsession = (_id, fresh) => socket.emit('session', fresh);
  insideOf(socket)._start();
  return socket;
}

function over(under: Incoming, options: TLSSocketOptions, reader: TlsReader, early?: Buffer): TLSSocket {
  const given = { ...options, allowHalfOpen: true, under, rejectUnauthorized: false, ...readOptions(reader) };
  if (under instanceof Socket) under.on('error', ignore);
  const socket = new SocketOver(given);
  if (readMode === 'events') readByEvents(socket, reader);
  takeErrors(socket, reader);
  // Behind the tick in which Node begins to read.
  if (early !== undefined) process.nextTick(receive, socket, early);
  const waiting: unknown = under instanceof Socket ? under.read() : null;
  // A socket of Node's reads as soon as it is accepted, also while it waits for its turn.
  if (waiting instanceof Buffer) process.nextTick(receive, socket, waiting);
  return socket;
}

function ignore(): void {}

function receive(socket: TLSSocket, bytes: Buffer): void {
  insideOf(socket)._handle?.receive(bytes);
}

const READER = Symbol('reader');

/** Has every failure of TLS told to `reader`: after a handshake Node would only emit it, and go on. */
function takeErrors(socket: TLSSocket, reader: TlsReader): void {
  const handle = insideOf(socket)._handle;
  if (handle === null) return;
  Reflect.set(handle, READER, reader);
  handle.onerror = onTlsError;
}

function onTlsError(this: TlsHandle & { readonly [READER]?: TlsReader }, error: Error): void {
  this[READER]?.onTlsError(error);
}

/** @returns OpenSSL's code for why the peer's certificate is not trusted, as in `CERT_HAS_EXPIRED`; '' if it is */
export function verifyProblem(socket: TLSSocket): string {
  const error = insideOf(socket)._handle?.verifyError();
  return error === null || error === undefined ? '' : (error.code ?? error.message);
}

/** Whether anything was written on the connection below. */
export function hasSent(socket: TLSSocket): boolean {
  const parent = insideOf(socket)._handle?._parent;
  return parent !== undefined && parent.bytesWritten > 0;
}

/** @returns bytes that the kernel has not taken yet, those that are encrypted already included */
export function unsentSecureBytes(socket: TLSSocket): number {
  const handle = insideOf(socket)._handle;
  if (handle === null) return 0;
  return socket.writableLength + handle.writeQueueSize + (handle._parent.writeQueueSize ?? 0);
}

/**
 * Whether the peer has ended its direction with a close_notify. Ask at the end of what `socket` reads. Node passes on
 * the end that TLS announces and the end of the connection below alike; but only at the latter has the connection below
 * stopped to read by itself.
 */
export function saidGoodbye(socket: TLSSocket): boolean {
  // A connection that has stopped because we did reads no end, so that this one was among what had arrived before.
  if (socket.isPaused()) return true;
  const parent = insideOf(socket)._handle?._parent;
  return parent !== undefined && parent.readStart() === ALREADY_READING;
}

/** Closes the connection with a reset, which a TLS socket of Node's refuses to do. */
export function resetSecure(socket: TLSSocket): void {
  const handle = insideOf(socket)._handle;
  if (handle === null) return;
  const { _parent: parent, _parentWrap: under } = handle;
  if (under !== null) reset(under);
  else if (canReset(parent)) {
    const close = parent.close.bind(parent);
    // Node closes the handle below by this method, and waits for its callback.
    parent.close = (onClosed) => {
      if (parent.reset(onClosed) !== 0) close(onClosed);
    };
  }
  socket.destroy();
}

/**
 * Takes TLS off a connection, so that something can be said on it in plain text. Call it outside of OpenSSL's calls; the
 * socket is of no use afterwards.
 */
export function takeOffTls(socket: TLSSocket): void {
  insideOf(socket)._handle?.destroySSL();
}

/** The part of Node's native context (src/crypto/crypto_context.cc) that is used here. */
interface NativeContext {
  enableTicketKeyCallback(): void;
  /** @returns a {@link TicketAnswer} */
  onticketkeycallback: (name: Buffer, iv: Buffer, isNew: boolean) => TicketAnswer;
}

/** What to do, the keys for the MAC and for the cipher, and for a new ticket the key's name and an IV. */
type TicketAnswer = readonly [number, Buffer, Buffer, Buffer?, Buffer?];

/** Answers for a ticket that was shown (SSL_CTX_set_tlsext_ticket_key_cb(3)). */
const UNKNOWN_TICKET = 0;
const ACCEPT = 1;
const ACCEPT_AND_RENEW = 2;

function isNativeContext(value: unknown): value is NativeContext {
  return typeof value === 'object' && value !== null && 'enableTicketKeyCallback' in value;
}

/**
 * Has `context` accept tickets under `previous` as well, which it replaces by tickets under `current`. With a single key
 * OpenSSL works by itself; with two it asks here for each ticket, which is why a context does not always have two. Where
 * Node looks different, old tickets are unknown, and their clients make full handshakes.
 * @param current name, MAC key and cipher key, of 16 bytes each, as for `ticketKeys`; so is `previous`
 */
export function acceptOldTickets({ context }: SecureContext, current: Buffer, previous: Buffer): void {
  if (!isNativeContext(context)) return;
  const [own, old] = [ticketKeyOf(current), ticketKeyOf(previous)];
  context.onticketkeycallback = (name, _iv, isNew) => {
    if (isNew) return [ACCEPT, own.mac, own.cipher, own.name, randomBytes(TICKET_PART_BYTES)];
    if (name.equals(old.name)) return [ACCEPT_AND_RENEW, old.mac, old.cipher];
    return [name.equals(own.name) ? ACCEPT : UNKNOWN_TICKET, own.mac, own.cipher];
  };
  context.enableTicketKeyCallback();
}

const TICKET_PART_BYTES = 16;

function ticketKeyOf(key: Buffer): { readonly name: Buffer; readonly mac: Buffer; readonly cipher: Buffer } {
  const part = (index: number) => key.subarray(index * TICKET_PART_BYTES, (index + 1) * TICKET_PART_BYTES);
  return { name: part(0), mac: part(1), cipher: part(2) };
}
