/**
 * workers/http/http-pool.ts: a pool as HTTP requests meet it: its dispatch, and what of a request decides where in the
 * pool it goes. What is no pool's own is the plane's.
 */
import { isDeepStrictEqual } from 'node:util';
import type { PoolConfig } from '../../src/config/schema.js';
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
  private stickySecret: string | undefined;

  /** @param stickySecret what signs the cookies of a pool that is sticky */
  constructor(plane: Plane, dispatch: Dispatch, stickySecret: string | undefined) {
    this.name = dispatch.pool;
    this.plane = plane;
    this.dispatch = dispatch;
    this.follow(dispatch.config, stickySecret);
  }

  /** Goes on by other settings, and by what the plane says of clients now. */
  configure(config: PoolConfig, stickySecret: string | undefined): void {
    const isSame = isDeepStrictEqual(config.sticky, this.dispatch.config.sticky);
    if (!isSame || stickySecret !== this.stickySecret) this.sticky = undefined;
    this.dispatch.configure(config);
    this.follow(config, stickySecret);
  }

  /** What a request says of where it belongs; nothing is read where nobody asks. */
  affinityOf(head: RequestHead, client: ClientSide): Affinity {
    const { readKey, sticky } = this;
    if (readKey === undefined && sticky === undefined) return NO_AFFINITY;
    return { key: readKey?.(head, client) ?? '', bound: sticky?.find(head) };
  }

  private follow(config: PoolConfig, stickySecret: string | undefined): void {
    const { pipelining, retries, sticky } = config;
    this.readKey = keyReaderOf(config, this.plane.policy);
    this.stickySecret = stickySecret;
    if (sticky !== undefined && stickySecret !== undefined) {
      this.sticky ??= new Sticky(sticky, this.dispatch, stickySecret);
    }
    this.repeatsByKey = retries.idempotencyKey;
    this.pipelines = pipelining > 1;
    if (this.pipelines) this.pipeline ??= new Pipeline(this, pipelining);
    if (this.pipeline !== undefined) this.pipeline.depth = pipelining;
  }
}
