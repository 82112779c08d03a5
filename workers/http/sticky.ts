/**
 * workers/http/sticky.ts: keeps clients on their backend by a cookie that they get with their first response. Nothing is
 * stored for a client: each worker with the same secret understands the cookies of all others.
 */
import { timingSafeEqual } from 'node:crypto';
import type { StickyConfig } from '../../src/config/schema.js';
import type { BackendId } from '../../src/core/backend.js';
import type { PoolSnapshot } from '../../src/core/snapshot.js';
import { HANDLE_LENGTH, stickyToken, TOKEN_LENGTH } from '../../src/core/sticky-token.js';
import { cookieValue } from '../../src/http1/cookie.js';
import type { RequestHead } from '../../src/http1/request-head.js';
import type { Dispatch } from '../dispatch.js';
import type { WorkerBackend } from '../worker-backend.js';

/** A backend's token, made once. */
interface Entry {
  readonly id: BackendId;
  readonly token: Buffer;
  /** `Set-Cookie: ...`, with its CRLF. */
  readonly line: string;
}

export class Sticky {
  private readonly config: StickyConfig;
  private readonly dispatch: Dispatch;
  private readonly secret: string;
  private byId: ReadonlyMap<BackendId, Entry> = new Map();
  private byHandle: ReadonlyMap<string, Entry> = new Map();
  /** The snapshot that both maps were made for. */
  private snapshot: PoolSnapshot | undefined;

  constructor(config: StickyConfig, dispatch: Dispatch, secret: string) {
    this.config = config;
    this.dispatch = dispatch;
    this.secret = secret;
  }

  /** @returns the backend that the request's cookie names, usable or not; `undefined` without one that we made */
  find({ fields }: RequestHead): WorkerBackend | undefined {
    const value = cookieValue(fields, this.config.cookie);
    if (value.length !== TOKEN_LENGTH) return undefined;
    this.follow();
    const entry = this.byHandle.get(value.slice(0, HANDLE_LENGTH));
    if (entry === undefined || !timingSafeEqual(entry.token, Buffer.from(value, 'latin1'))) return undefined;
    return this.dispatch.roster.upstream(entry.id);
  }

  /** @returns the Set-Cookie line that ties a client to `upstream`; '' when that has left the pool meanwhile */
  lineFor({ id }: WorkerBackend): string {
    this.follow();
    return this.byId.get(id)?.line ?? '';
  }

  /** Makes the tokens of the backends that the pool has now. */
  private follow(): void {
    const { pool, roster } = this.dispatch;
    const { snapshot } = roster;
    if (this.snapshot === snapshot) return;
    this.snapshot = snapshot;
    const entries = snapshot.backends.map(({ id }) => this.byId.get(id) ?? this.entry(pool, id));
    this.byId = new Map(entries.map((entry) => [entry.id, entry]));
    this.byHandle = new Map(entries.map((entry) => [entry.token.toString('latin1', 0, HANDLE_LENGTH), entry]));
  }

  private entry(pool: string, id: BackendId): Entry {
    const token = stickyToken(this.secret, pool, id);
    const line = `Set-Cookie: ${this.config.cookie}=${token}${attributesOf(this.config)}\r\n`;
    return { id, token: Buffer.from(token, 'latin1'), line };
  }
}

/** @returns the cookie's attributes (RFC 6265 section 4.1; SameSite as browsers know it) */
function attributesOf({ path, ttl, secure, sameSite }: StickyConfig): string {
  const age = ttl === 0 ? '' : `; Max-Age=${Math.ceil(ttl / 1_000)}`;
  const site = { lax: 'Lax', strict: 'Strict', none: 'None' }[sameSite];
  return `; Path=${path}${age}; HttpOnly; SameSite=${site}${secure ? '; Secure' : ''}`;
}
