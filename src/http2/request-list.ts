/**
 * http2/request-list.ts: makes a request head of a header list (RFC 9113 section 8.3.1). The head gets the text that the
 * same request has in HTTP/1.1, with offsets into it, so that routes, the log and forwarding work on it unchanged. It
 * is a security boundary: what could become another request in that text is refused (request smuggling by downgrade).
 */
import { isAuthority } from '../http1/authority.js';
import { TARGET, TOKEN } from '../http1/characters.js';
import { type Fault, REQUEST_FAULTS, refuse } from '../http1/fault.js';
import { CONNECTION, HOST, OTHER, TRANSFER_ENCODING, UPGRADE } from '../http1/field-kind.js';
import type { HeadLimits } from '../http1/limits.js';
import { encodedTarget } from '../http1/mend.js';
import {
  finishRequestHead,
  RequestHead,
  readRequestField,
  resetRequestHead,
  TARGET_TOO_LONG,
} from '../http1/request-head.js';
import { checkField } from './field-check.js';
import type { HeaderField } from './header-field.js';
import type { FieldTaker } from './hpack-decoder.js';

const NO_CONNECT = refuse(405, 'connect-not-allowed', 'CONNECT is not served here: this is no forward proxy.');
const NO_PROTOCOL = refuse(501, 'protocol-not-supported', 'Of the protocols of CONNECT only websocket is served.');
const METHOD_TOO_LONG = refuse(501, 'method-too-long', 'The request method is longer than any that is known.');
const LONGEST_METHOD = 32;
const VERSION = ' HTTP/1.1\r\n';
const SLASH = '/';

/** What a whole header list has come to. */
export type ListResult =
  | { readonly kind: 'complete' }
  /** The list is malformed (RFC 9113 section 8.1.1): its stream is reset. @see flaw names the rule */
  | { readonly kind: 'malformed'; readonly flaw: string }
  /** The request is well-formed and is not served: it is answered. */
  | { readonly kind: 'refused'; readonly fault: Fault };

const COMPLETE: ListResult = { kind: 'complete' };

/** The pseudo-headers of a request; `undefined` for one that has not come. */
interface PseudoHeaders {
  method: string | undefined;
  scheme: string | undefined;
  authority: string | undefined;
  path: string | undefined;
  protocol: string | undefined;
}

export class RequestListReader implements FieldTaker {
  /** The value of the Priority field (RFC 9218 section 5); '' without one. */
  priority = '';
  private readonly makeKey: () => string;
  private head = new RequestHead();
  private limits: HeadLimits = { headBytes: 0, fields: 0 };
  private takesUtf8 = false;
  private pseudo: PseudoHeaders = noPseudoHeaders();
  private text = '';
  private cookies = '';
  /** The pseudo-headers are over: the request line has been written. */
  private inFields = false;
  private flaw = '';
  private fault: Fault | undefined;

  /** @param makeKey makes a `Sec-WebSocket-Key`: HTTP/2 has none, and the HTTP/1.1 handshake needs one */
  constructor(makeKey: () => string) {
    this.makeKey = makeKey;
  }

  /**
   * Begins a list.
   * @param head receives the request; valid if {@link finish} says `complete`
   * @param takesUtf8 whether raw UTF-8 in the path is percent-encoded
   */
  begin(head: RequestHead, limits: HeadLimits, takesUtf8 = false): void {
    this.head = head;
    this.limits = limits;
    this.takesUtf8 = takesUtf8;
    this.pseudo = noPseudoHeaders();
    this.text = '';
    this.cookies = '';
    this.priority = '';
    this.inFields = false;
    this.flaw = '';
    this.fault = undefined;
    resetRequestHead(head);
    head.fields.reset('', 0);
  }

  field(field: HeaderField): void {
    // The rest of a list that is refused is only read for the sake of the decoder's table.
    if (this.flaw !== '' || this.fault !== undefined) return;
    if (field.name.charCodeAt(0) === 0x3a) return this.readPseudoHeader(field);
    if (!this.inFields) this.writeRequestLine();
    this.readField(field);
  }

  /** Ends the list. @param endsStream whether the request has no body, nor trailers */
  finish(endsStream: boolean): ListResult {
    if (this.flaw === '' && this.fault === undefined) this.complete(endsStream);
    if (this.flaw !== '') return { kind: 'malformed', flaw: this.flaw };
    if (this.fault !== undefined) return { kind: 'refused', fault: this.fault };
    return COMPLETE;
  }

  private readPseudoHeader({ name, value }: HeaderField): void {
    if (this.inFields) return this.malformed('a pseudo-header behind a field');
    const { pseudo } = this;
    switch (name) {
      case ':method':
        if (pseudo.method !== undefined) return this.malformed('two :method');
        pseudo.method = value;
        return;
      case ':scheme':
        if (pseudo.scheme !== undefined) return this.malformed('two :scheme');
        pseudo.scheme = value;
        return;
      case ':authority':
        if (pseudo.authority !== undefined) return this.malformed('two :authority');
        pseudo.authority = value;
        return;
      case ':path':
        if (pseudo.path !== undefined) return this.malformed('two :path');
        pseudo.path = value;
        return;
      case ':protocol':
        if (pseudo.protocol !== undefined) return this.malformed('two :protocol');
        pseudo.protocol = value;
        return;
      default:
        return this.malformed('an unknown pseudo-header');
    }
  }

  /** Checks the pseudo-headers, which are complete, and writes the request line and Host. */
  private writeRequestLine(): void {
    this.inFields = true;
    const { method, scheme, authority, protocol } = this.pseudo;
    const path = this.takesUtf8 ? encodedTarget(this.pseudo.path ?? '') : this.pseudo.path;
    if (method === undefined || !isToken(method)) return this.malformed('no valid :method');
    if (method.length > LONGEST_METHOD) return this.refused(METHOD_TOO_LONG);
    if (method === 'CONNECT' && protocol === undefined) return this.refuseConnect();
    if (protocol !== undefined && method !== 'CONNECT') return this.malformed('a :protocol without CONNECT');
    if (scheme !== 'http' && scheme !== 'https') return this.malformed('no valid :scheme');
    if (path === undefined || !isTarget(path, method)) return this.malformed('no valid :path');
    if (authority !== undefined && !isAuthority(authority, 0, authority.length)) {
      return this.malformed('no valid :authority');
    }
    if (protocol !== undefined && protocol !== 'websocket') return this.refused(NO_PROTOCOL);
    this.write(protocol === undefined ? method : 'GET', path, authority);
  }

  private write(method: string, path: string, authority: string | undefined): void {
    const { head } = this;
    head.method = method;
    head.target = path;
    head.versionAt = method.length + 1 + path.length + 1;
    this.text = `${method} ${path}${VERSION}`;
    head.fields.start = this.text.length;
    if (this.text.length > this.limits.headBytes) return this.refused(TARGET_TOO_LONG);
    if (authority === undefined) return;
    head.host = authority;
    head.hasHost = true;
    this.append(HOST, 'Host', authority, `Host: ${authority}\r\n`);
  }

  /** A plain CONNECT has neither scheme nor path (RFC 9113 section 8.5). */
  private refuseConnect(): void {
    const { scheme, path } = this.pseudo;
    if (scheme !== undefined || path !== undefined) return this.malformed('a CONNECT with :scheme or :path');
    this.refused(NO_CONNECT);
  }

  private readField(field: HeaderField): void {
    const { flaw, kind, line } = checkField(field);
    if (flaw !== '') return this.malformed(flaw);
    if (this.fault !== undefined || this.flaw !== '') return;
    const { name, value } = field;
    if (kind === OTHER) {
      if (name === 'priority') this.priority = value;
      if (name === 'cookie') this.readCookie(value);
      else this.append(OTHER, name, value, line);
      return;
    }
    if (kind === HOST && this.pseudo.authority !== undefined) {
      // RFC 9113 section 8.3.1: a Host that differs would let two servers see two hosts.
      if (value.toLowerCase() !== this.pseudo.authority.toLowerCase()) this.malformed('a host that is not :authority');
      return;
    }
    const valueAt = name.length + 2;
    const fault = readRequestField(this.head, kind, line, valueAt, valueAt + value.length);
    if (fault !== undefined) return this.refused(fault);
    this.append(kind, name, value, line);
  }

  /** Keeps a piece of the cookie (RFC 9113 section 8.2.3); an empty one would leave white space behind the others. */
  private readCookie(value: string): void {
    if (value !== '') this.cookies += this.cookies === '' ? value : `; ${value}`;
  }

  /** Writes a field line. */
  private append(kind: number, name: string, value: string, line: string): void {
    const { fields } = this.head;
    if (fields.count === this.limits.fields) return this.refused(REQUEST_FAULTS.tooManyFields);
    const nameAt = this.text.length;
    const colonAt = nameAt + name.length;
    fields.add(kind, nameAt, colonAt, colonAt + 2, colonAt + 2 + value.length);
    this.text += line;
    if (this.text.length > this.limits.headBytes) this.refused(REQUEST_FAULTS.tooLarge);
  }

  private complete(endsStream: boolean): void {
    const { head } = this;
    if (!this.inFields) this.writeRequestLine();
    if (this.flaw !== '' || this.fault !== undefined) return;
    if (this.cookies !== '') this.append(OTHER, 'cookie', this.cookies, `cookie: ${this.cookies}\r\n`);
    if (this.pseudo.protocol !== undefined) this.writeUpgrade(endsStream);
    else this.checkLength(endsStream);
    if (this.flaw !== '' || this.fault !== undefined) return;
    if (!head.hasHost) return this.malformed('neither :authority nor host');
    head.fields.end = this.text.length;
    head.fields.text = `${this.text}\r\n`;
    const result = finishRequestHead(head.fields.text.length, head);
    if (typeof result === 'object') this.refused(result);
  }

  /** The body has to be what Content-Length says; without one, HTTP/1.1 needs chunks for it. */
  private checkLength(endsStream: boolean): void {
    const { fields } = this.head;
    if (endsStream && fields.contentLength > 0) return this.malformed('a content-length and no content');
    if (endsStream || fields.contentLength >= 0) return;
    fields.chunked = true;
    this.append(TRANSFER_ENCODING, 'Transfer-Encoding', 'chunked', 'Transfer-Encoding: chunked\r\n');
  }

  /** Writes the handshake of HTTP/1.1 that stands for an extended CONNECT (RFC 8441 section 5). */
  private writeUpgrade(endsStream: boolean): void {
    const { head } = this;
    if (endsStream) return this.malformed('an extended CONNECT that ends at once');
    if (head.fields.contentLength >= 0) return this.malformed('an extended CONNECT with a content-length');
    const key = this.makeKey();
    head.offersUpgrade = true;
    head.fields.upgrade = true;
    this.append(CONNECTION, 'Connection', 'Upgrade', 'Connection: Upgrade\r\n');
    this.append(UPGRADE, 'Upgrade', 'websocket', 'Upgrade: websocket\r\n');
    this.append(OTHER, 'Sec-WebSocket-Key', key, `Sec-WebSocket-Key: ${key}\r\n`);
  }

  private malformed(flaw: string): void {
    if (this.flaw === '') this.flaw = flaw;
  }

  private refused(fault: Fault): void {
    this.fault ??= fault;
  }
}

function noPseudoHeaders(): PseudoHeaders {
  return { method: undefined, scheme: undefined, authority: undefined, path: undefined, protocol: undefined };
}

function isToken(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (TOKEN[text.charCodeAt(at)] !== 1) return false;
  return text !== '';
}

/** Whether `path` is a target that an HTTP/1.1 request line may have: a path, or `*` for OPTIONS. */
function isTarget(path: string, method: string): boolean {
  if (path === '*') return method === 'OPTIONS';
  if (!path.startsWith(SLASH)) return false;
  for (let at = 0; at < path.length; at++) if (TARGET[path.charCodeAt(at)] !== 1) return false;
  return true;
}
