/**
 * workers/http/http-pool.ts: a pool as HTTP requests meet it: its dispatch, and what of a request decides where in the
 * pool it goes. What is no pool's own is the plane's.
 */
import { isDeepStrictEqual } from 'node:util';
import type { PoolConfig } from '../../src/config/schema.js';
import type { Secrets } from '../../src/core/secrets.js';
import type { ClientSide } from '../../src/http1/forward-request.js';
import type { RequestHead } from '../../src/http1/request-head.js';
import type { Affinity, Dispatch } from '../dispatch.js';
import { keyReaderOf, type ReadKey } from './hash-key.js';
import { Pipeline } from './pipeline.js';
import type { Plane } from './plane.js';
import { Sticky } from './sticky.js';

const NO_AFFINITY: Affinity = { key: '', bound: undefined };

export class HttpPool {
  readonly name: string;
  readonly plane: Plane;
  readonly dispatch: Dispatch;
  /** Where clients stay with their backend. */
  sticky: Sticky | undefined;
  /** A request of any method may be repeated that has an idempotency key. */
  repeatsByKey = false;
  /** Requests may share a connection. */
  pipelines = false;
  /** Where they may; it stays when they may no longer, for those that still do. */
  pipeline: Pipeline | undefined;
  /** Where the policy hashes: what of a request. */
  private readKey: ReadKey | undefined;
  private stickyKey: string | undefined;

  constructor(plane: Plane, dispatch: Dispatch, secrets: Secrets) {
    this.name = dispatch.pool;
    this.plane = plane;
    this.dispatch = dispatch;
    this.follow(dispatch.config, secrets);
  }

  /** Goes on by other settings, and by what the plane says of clients now. */
  configure(config: PoolConfig, secrets: Secrets): void {
    const isSame = isDeepStrictEqual(config.sticky, this.dispatch.config.sticky);
    if (!isSame || secrets.stickyKey !== this.stickyKey) this.sticky = undefined;
    this.dispatch.configure(config);
    this.follow(config, secrets);
  }

  /** What a request says of where it belongs; nothing is read where nobody asks. */
  affinityOf(text: string, head: RequestHead, client: ClientSide): Affinity {
    const { readKey, sticky } = this;
    if (readKey === undefined && sticky === undefined) return NO_AFFINITY;
    return { key: readKey?.(text, head, client) ?? '', bound: sticky?.find(text, head) };
  }

  private follow(config: PoolConfig, { stickyKey }: Secrets): void {
    const { pipelining, retries, sticky } = config;
    this.readKey = keyReaderOf(config, this.plane.policy);
    this.stickyKey = stickyKey;
    if (sticky !== undefined && stickyKey !== undefined) {
      this.sticky ??= new Sticky(sticky, this.dispatch, stickyKey);
    }
    this.repeatsByKey = retries.idempotencyKey;
    this.pipelines = pipelining > 1;
    if (this.pipelines) this.pipeline ??= new Pipeline(this, pipelining);
    if (this.pipeline !== undefined) this.pipeline.depth = pipelining;
  }
}
