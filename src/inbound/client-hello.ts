/**
 * inbound/client-hello.ts: reads the server name of a TLS connection, and the protocols that its client offers, from its
 * first message without opening it (RFC 8446 section 4.1.2, RFC 6066 section 3, RFC 7301 section 3.1). Everything else in the message is skipped by its length, so unknown extensions and
 * GREASE (RFC 8701) do not matter.
 */

/** What the first message of a connection says. */
export interface ClientHello {
  /** The name that the client wants, in lower case; '' if it names none. */
  readonly serverName: string;
  /** The protocols that the client offers by ALPN, in its order; none if it has no such extension. */
  readonly protocols: readonly string[];
}

/**
 * - `not-tls`: the bytes are no ClientHello
 * - `too-large`: it is longer than is taken, or in more records
 */
export type ClientHelloFault = 'not-tls' | 'too-large';

/** Most bytes of a ClientHello. Those of browsers have about 2 KiB with post-quantum keys. */
export const MOST_HELLO_BYTES = 65_536;
/** Most records that a ClientHello may come in; one may begin in a record of a single byte. */
const MOST_RECORDS = 64;

const RECORD_HEAD_BYTES = 5;
const HANDSHAKE_RECORD = 22;
const MAJOR_VERSION = 3;
const LONGEST_RECORD = 16_384;
const MESSAGE_HEAD_BYTES = 4;
const CLIENT_HELLO = 1;
/** Bytes of version and random. */
const HELLO_FIXED_BYTES = 34;
const SERVER_NAME = 0;
const ALPN = 16;
const HOST_NAME = 0;
const NAME = /^(?=.{1,253}\.?$)[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?$/;

/**
 * Reads the ClientHello that a connection begins with. It does not depend on how the bytes arrived: call it again with all
 * of them until it is complete.
 * @param bytes the connection's bytes so far
 */
export function readClientHello(bytes: Buffer): ClientHello | ClientHelloFault | 'incomplete' {
  const fragments: Buffer[] = [];
  let length = 0;
  for (let at = 0; at < bytes.length; ) {
    if (fragments.length === MOST_RECORDS) return 'too-large';
    const fragment = fragmentAt(bytes, at);
    if (typeof fragment === 'string') return fragment;
    fragments.push(fragment);
    length += fragment.length;
    const wanted = messageBytes(fragments, length);
    if (typeof wanted === 'string') return wanted;
    if (length >= wanted) return helloIn(Buffer.concat(fragments, wanted).subarray(MESSAGE_HEAD_BYTES));
    at += RECORD_HEAD_BYTES + bytes.readUInt16BE(at + 3);
  }
  return 'incomplete';
}

/** @returns the part of the record at `at` that has come */
function fragmentAt(bytes: Buffer, at: number): Buffer | ClientHelloFault | 'incomplete' {
  if (bytes[at] !== HANDSHAKE_RECORD) return 'not-tls';
  if (at + 1 < bytes.length && bytes[at + 1] !== MAJOR_VERSION) return 'not-tls';
  if (at + RECORD_HEAD_BYTES > bytes.length) return 'incomplete';
  const length = bytes.readUInt16BE(at + 3);
  if (length === 0 || length > LONGEST_RECORD) return 'not-tls';
  return bytes.subarray(at + RECORD_HEAD_BYTES, at + RECORD_HEAD_BYTES + length);
}

/** @returns bytes of the whole message; more than can come while its length is not known yet */
function messageBytes(fragments: readonly Buffer[], length: number): number | ClientHelloFault {
  const [first] = fragments;
  if (first === undefined || first.length === 0) return Number.POSITIVE_INFINITY;
  if (first[0] !== CLIENT_HELLO) return 'not-tls';
  if (length < MESSAGE_HEAD_BYTES) return Number.POSITIVE_INFINITY;
  const head = first.length >= MESSAGE_HEAD_BYTES ? first : Buffer.concat(fragments, MESSAGE_HEAD_BYTES);
  const wanted = MESSAGE_HEAD_BYTES + head.readUIntBE(1, 3);
  return wanted > MOST_HELLO_BYTES ? 'too-large' : wanted;
}

/** @param hello the whole message without its head */
function helloIn(hello: Buffer): ClientHello | ClientHelloFault {
  const body = new Vectors(hello, HELLO_FIXED_BYTES);
  body.take(1); // session id
  body.take(2); // cipher suites
  body.take(1); // compression methods
  // Without extensions, as before TLS 1.2, the message ends here.
  const extensions = body.isAtEnd ? undefined : body.take(2);
  if (body.isBroken || !body.isAtEnd) return 'not-tls';
  return extensions === undefined ? { serverName: '', protocols: [] } : (helloOf(extensions) ?? 'not-tls');
}

/** @returns what the extensions say; `undefined` if they are broken */
function helloOf(bytes: Buffer): ClientHello | undefined {
  const extensions = new Vectors(bytes, 0);
  let serverName: string | undefined = '';
  let protocols: readonly string[] | undefined = [];
  while (!extensions.isAtEnd) {
    const type = extensions.number(2);
    const data = extensions.take(2);
    if (type === SERVER_NAME) serverName = serverName === '' ? hostNameIn(data) : undefined;
    else if (type === ALPN) protocols = protocolsIn(data);
    if (serverName === undefined || protocols === undefined) return undefined;
  }
  return extensions.isBroken ? undefined : { serverName, protocols };
}

/** @returns the protocols of an extension of ALPN; `undefined` if it is broken */
function protocolsIn(bytes: Buffer): readonly string[] | undefined {
  const outer = new Vectors(bytes, 0);
  const names = new Vectors(outer.take(2), 0);
  const found: string[] = [];
  while (!names.isAtEnd) found.push(names.take(1).toString('latin1'));
  return outer.isBroken || !outer.isAtEnd || names.isBroken ? undefined : found;
}

/** @returns the host name of a `server_name` extension, in lower case; `undefined` if it is broken */
function hostNameIn(bytes: Buffer): string | undefined {
  const outer = new Vectors(bytes, 0);
  const names = new Vectors(outer.take(2), 0);
  let found = '';
  while (!names.isAtEnd) {
    const type = names.number(1);
    const name = names.take(2).toString('latin1').toLowerCase();
    if (type !== HOST_NAME) continue;
    if (found !== '' || !NAME.test(name)) return undefined;
    found = name.replace(/\.$/, '');
  }
  return outer.isBroken || !outer.isAtEnd || names.isBroken ? undefined : found;
}

/** Reads numbers and vectors, each a length and so many bytes (RFC 8446 section 3.4), one behind the other. */
class Vectors {
  /** A length goes past the end; everything read from then on is empty. */
  isBroken = false;
  private readonly bytes: Buffer;
  private at: number;

  constructor(bytes: Buffer, from: number) {
    this.bytes = bytes;
    this.at = from;
    if (from > bytes.length) this.break();
  }

  get isAtEnd(): boolean {
    return this.at === this.bytes.length;
  }

  /** @returns the next number, of `width` bytes */
  number(width: 1 | 2): number {
    if (this.at + width > this.bytes.length) return this.break();
    const read = this.bytes.readUIntBE(this.at, width);
    this.at += width;
    return read;
  }

  /** @returns the next vector @param width bytes of its length */
  take(width: 1 | 2): Buffer {
    const length = this.number(width);
    const from = this.at;
    if (from + length > this.bytes.length) this.break();
    else this.at += length;
    return this.bytes.subarray(from, this.at);
  }

  private break(): number {
    this.isBroken = true;
    this.at = this.bytes.length;
    return 0;
  }
}
