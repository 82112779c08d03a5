/**
 * workers/tls-listeners.ts: what this worker's listeners show in TLS handshakes. The primary sends certificates and keys,
 * and replaces them while the worker runs. A secure context is made once for each set of certificates and shared by all
 * connections, since making one costs more than a handshake.
 */

import { createHash } from 'node:crypto';
import { createSecureContext, type SecureContext, type TLSSocketOptions } from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
import type { TlsMaterial } from '../src/core/secrets.js';
import { SESSION_S, serverProfile } from '../src/tls/profile.js';
import { ServerNames } from '../src/tls/server-names.js';
import { acceptOldTickets, type TlsServerSide } from './tls-socket.js';

/** How long a session of a client that was asked for a certificate may be resumed, in seconds: it is not looked at meanwhile. */
const SESSION_WITH_CERTIFICATE_S = 300;
/** OpenSSL's limit, in bytes. */
const LONGEST_CONTEXT = 32;

export class TlsListeners {
  private byName: ReadonlyMap<string, TlsListener> = new Map();

  /** Takes over certificates and keys. What does not change keeps its contexts; what is open is not touched. */
  use(materials: readonly TlsMaterial[] = []): void {
    this.byName = new Map(
      materials.map((material) => {
        const before = this.byName.get(material.listener);
        const isSame = before !== undefined && isDeepStrictEqual(before.material, material);
        return [material.listener, isSame ? before : new TlsListener(material)];
      }),
    );
  }

  /** @returns what the listener of that name shows; `undefined` when it has no certificate */
  of(name: string): TlsListener | undefined {
    return this.byName.get(name);
  }
}

export class TlsListener {
  readonly material: TlsMaterial;
  private readonly names: ServerNames;
  /** Contexts by the certificates in them, each made when it is first needed. */
  private readonly contexts = new Map<string, SecureContext>();
  private made: TlsServerSide | undefined;

  constructor(material: TlsMaterial) {
    this.material = material;
    this.names = new ServerNames(material.certificates);
  }

  /** How this listener answers handshakes. @throws {Error} when OpenSSL refuses a certificate or key */
  get side(): TlsServerSide {
    this.made ??= this.make();
    return this.made;
  }

  private make(): TlsServerSide {
    const { clientAuth, protocols } = this.material;
    const side = {
      secureContext: this.contextOf(this.names.fallback),
      ...(protocols.length > 0 ? { ALPNProtocols: protocolList(protocols) } : {}),
      requestCert: clientAuth !== undefined,
    };
    // Without a choice there is no callback: it would cost each handshake a way from OpenSSL to here and back.
    return this.names.differ ? { ...side, SNICallback: this.choose } : side;
  }

  private readonly choose: NonNullable<TLSSocketOptions['SNICallback']> = (servername, done) => {
    try {
      done(null, this.contextOf(this.names.find(servername)));
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
    }
  };

  private contextOf(indices: readonly number[]): SecureContext {
    const key = indices.join();
    const context = this.contexts.get(key) ?? this.makeContext(indices);
    this.contexts.set(key, context);
    return context;
  }

  private makeContext(indices: readonly number[]): SecureContext {
    const { certificates, clientAuth, minVersion, previousTicketKey } = this.material;
    const ticketKey = Buffer.from(this.material.ticketKey, 'base64');
    const chosen = indices.flatMap((index) => certificates[index] ?? []);
    const context = createSecureContext({
      ...serverProfile(minVersion),
      cert: chosen.map(({ cert }) => cert),
      key: chosen.map(({ key }) => key),
      // An empty list: without one, Node would load the CAs of the Web, which are of no use to a server.
      ca: clientAuth === undefined ? [] : [...clientAuth.ca],
      ...(clientAuth === undefined || clientAuth.crl.length === 0 ? {} : { crl: [...clientAuth.crl] }),
      ticketKeys: ticketKey,
      ...(clientAuth === undefined ? { sessionTimeout: SESSION_S } : sessionsUnder(clientAuth)),
    });
    if (previousTicketKey !== undefined) {
      acceptOldTickets(context, ticketKey, Buffer.from(previousTicketKey, 'base64'));
    }
    return context;
  }
}

/**
 * Sessions of clients that were asked for a certificate: they are not resumed where another trust counts. OpenSSL refuses
 * to resume them without such a context.
 */
function sessionsUnder(trust: NonNullable<TlsMaterial['clientAuth']>) {
  const digest = createHash('sha256').update(JSON.stringify(trust)).digest('base64url');
  return { sessionTimeout: SESSION_WITH_CERTIFICATE_S, sessionIdContext: digest.slice(0, LONGEST_CONTEXT) };
}

/** @returns the names of protocols as ALPN sends them, each behind its length (RFC 7301 section 3.1) */
function protocolList(protocols: readonly string[]): Buffer {
  return Buffer.concat(protocols.map((name) => Buffer.from(String.fromCharCode(name.length) + name, 'latin1')));
}
