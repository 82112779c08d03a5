/**
 * workers/backend-tls.ts: how backends are spoken to over TLS: what they are asked for and shown, and whether they are
 * trusted. The primary reads the files and sends what is in them, and replaces it while the worker runs. A secure context
 * is made once for each set of files, since making one costs more than a handshake.
 */
import { isIP } from 'node:net';
import { createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
import { parseAddress } from '../src/core/address.js';
import { configuredAddress, type NamedBackend } from '../src/core/backend.js';
import type { BackendTlsMaterial, PoolTlsMaterial } from '../src/core/secrets.js';
import { clientProfile } from '../src/tls/profile.js';
import { trustProblem } from '../src/tls/server-trust.js';
import { type TlsClientSide, verifyProblem } from './tls-socket.js';

/** Most sessions that are kept for the backends of one pool: one for each, and some for those that have left. */
const MOST_SESSIONS = 2_048;

/** For a pool whose CAs are not known, which no backend must pass by. */
const NOBODY_IS_TRUSTED: PoolTlsMaterial = { verify: true, ca: [], minVersion: 'TLSv1.2', protocols: [] };

/** What this thread knows of TLS to backends. */
export class BackendTls {
  private material: BackendTlsMaterial | undefined;
  private readonly byPool = new Map<string, PoolTls>();

  /**
   * Takes over what the primary has read.
   * @returns names of the pools to which connections are made in another way from now on
   */
  use(material: BackendTlsMaterial | undefined): readonly string[] {
    const before = this.material;
    this.material = material;
    const names = new Set([...Object.keys(before?.pools ?? {}), ...Object.keys(material?.pools ?? {})]);
    const isSameSystem = isDeepStrictEqual(before?.systemCa, material?.systemCa);
    const changed = [...names].filter((name) => {
      const now = material?.pools[name];
      return !isDeepStrictEqual(before?.pools[name], now) || (!isSameSystem && now?.ca === undefined);
    });
    for (const name of changed) this.byPool.delete(name);
    return changed;
  }

  of(name: string): PoolTls {
    const known = this.byPool.get(name);
    if (known !== undefined) return known;
    const made = new PoolTls(this.material?.pools[name] ?? NOBODY_IS_TRUSTED, this.material?.systemCa);
    this.byPool.set(name, made);
    return made;
  }
}

/** How the backends of one pool are spoken to. */
export class PoolTls {
  private readonly material: PoolTlsMaterial;
  private readonly context: SecureContext;
  /** The last session of each backend, by its address as configured; the one that was used least recently is the first. */
  private readonly sessions = new Map<string, Buffer>();

  constructor(material: PoolTlsMaterial, systemCa: readonly string[] | undefined) {
    this.material = material;
    const { ca = systemCa, minVersion, shown } = material;
    this.context = createSecureContext({
      ...clientProfile(minVersion),
      // Without a list, Node takes the CAs that it brings along.
      ...(ca === undefined ? {} : { ca: [...ca] }),
      ...shown,
    });
  }

  /** @returns the client's side of a handshake with `backend`. @param resumes whether a session may be resumed */
  sideOf(backend: NamedBackend, resumes: boolean): TlsClientSide {
    const { material, sessions, context: secureContext } = this;
    const key = configuredAddress(backend);
    const name = material.servername ?? hostIn(key);
    return {
      secureContext,
      // RFC 6066 section 3: a literal address is never asked for.
      servername: isIP(name) === 0 ? name : undefined,
      ALPNProtocols: material.protocols,
      session: resumes ? sessions.get(key) : undefined,
      judge: (socket) => {
        const problem = material.verify ? problemOf(socket, name) : '';
        if (problem !== '') sessions.delete(key);
        return problem;
      },
      keep: (session) => {
        if (resumes) keep(sessions, key, session);
      },
    };
  }
}

function keep(sessions: Map<string, Buffer>, key: string, session: Buffer): void {
  sessions.delete(key);
  sessions.set(key, session);
  const [oldest] = sessions.keys();
  if (sessions.size > MOST_SESSIONS && oldest !== undefined) sessions.delete(oldest);
}

/** Of a session that is resumed OpenSSL keeps the judgement on the chain alone; the name was right when it began. */
function problemOf(socket: TLSSocket, name: string): string {
  const problem = verifyProblem(socket);
  if (problem === '' && socket.isSessionReused()) return '';
  return trustProblem(socket.getPeerX509Certificate(), problem, name);
}

/** @returns the host in `host:port`, a name without the dot of the root */
function hostIn(address: string): string {
  const parsed = parseAddress(address, 1);
  return typeof parsed === 'string' ? address : parsed.host.replace(/\.$/, '');
}
