/**
 * workers/challenges.ts: answers the challenges by which a CA finds out whether a name is this host's (RFC 8555 section 8).
 * The CA may come to any worker, so the primary sends every worker the challenges before it tells the CA to look.
 */
import { createSecureContext } from 'node:tls';
import { type AcmeChallenges, isPlainHttp } from '../src/core/acme.js';
import type { RequestHead } from '../src/http1/request-head.js';
import type { ClientHello } from '../src/inbound/client-hello.js';
import { serverProfile } from '../src/tls/profile.js';
import type { LocalAnswer } from './http/local-answer.js';
import type { Listener } from './listeners.js';
import type { TlsServerSide } from './tls-socket.js';

const PATH = '/.well-known/acme-challenge/';
/** The protocol of ALPN by which a CA asks for the certificate that proves a name (RFC 8737 section 3). */
export const ACME_PROTOCOL = 'acme-tls/1';
const PROTOCOL_LIST = Buffer.from(`${String.fromCharCode(ACME_PROTOCOL.length)}${ACME_PROTOCOL}`, 'latin1');

const UNKNOWN: LocalAnswer = { status: 404, reason: 'acme', detail: 'there is no such ACME challenge.' };

export class Challenges {
  private http: ReadonlyMap<string, string> = new Map();
  /** How handshakes of the CA are answered, by name. */
  private sides: ReadonlyMap<string, TlsServerSide> = new Map();

  /** Takes over the challenges that are open. @throws {Error} when OpenSSL refuses a certificate */
  use({ http, tls }: AcmeChallenges): void {
    this.http = new Map(Object.entries(http));
    this.sides = new Map(tls.map(({ name, cert, key }) => [name, sideOf(cert, key)]));
  }

  /** Whether a CA may ask for a certificate, so that ClientHellos have to be looked at. */
  get isOverTls(): boolean {
    return this.sides.size > 0;
  }

  /** @returns how the handshake of a CA is answered; `undefined` for that of anybody else */
  sideFor({ serverName, protocols }: ClientHello): TlsServerSide | undefined {
    return protocols.length === 1 && protocols[0] === ACME_PROTOCOL ? this.sides.get(serverName) : undefined;
  }

  /** @returns the answer to a request for a challenge; `undefined` for any other request */
  answer({ target }: RequestHead, { settings }: Listener): LocalAnswer | undefined {
    if (!target.startsWith(PATH)) return undefined;
    const body = this.http.get(target.slice(PATH.length));
    // Over TLS a challenge that is not ours may be a backend's; without TLS it would be redirected, and the CA misled.
    if (body === undefined) return isPlainHttp(settings) ? UNKNOWN : undefined;
    const content = { type: 'application/octet-stream', body, fields: [] };
    return { status: 200, reason: 'acme', detail: 'the answer to an ACME challenge.', content };
  }
}

function sideOf(cert: string, key: string): TlsServerSide {
  return {
    secureContext: createSecureContext({ ...serverProfile('TLSv1.2'), cert, key, ca: [] }),
    ALPNProtocols: PROTOCOL_LIST,
    requestCert: false,
  };
}
