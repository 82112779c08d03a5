/**
 * workers/http/http-pool.ts: a pool as HTTP requests meet it: its dispatch, and what of a request decides where in the
 * pool it goes. What is no pool's own is the plane's.
 */
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
  /** Where the policy hashes: what of a request. */
  private readonly readKey: ReadKey | undefined;
  /** Where clients stay with their backend. */
  readonly sticky: Sticky | undefined;
  /** A request of any method may be repeated that has an idempotency key. */
  readonly repeatsByKey: boolean;
  /** Where the pool lets requests share a connection. */
  readonly pipeline: Pipeline | undefined;

  /** @param stickySecret what signs the cookies of a pool that is sticky */
  constructor(plane: Plane, dispatch: Dispatch, stickySecret: string | undefined) {
    this.name = dispatch.pool;
    this.plane = plane;
    this.dispatch = dispatch;
    this.readKey = keyReaderOf(dispatch.config, plane.policy);
    const { pipelining, retries, sticky } = dispatch.config;
    if (sticky !== undefined && stickySecret !== undefined) this.sticky = new Sticky(sticky, dispatch, stickySecret);
    this.repeatsByKey = retries.idempotencyKey;
    if (pipelining > 1) this.pipeline = new Pipeline(this, pipelining);
  }

  /** What a request says of where it belongs; nothing is read where nobody asks. */
  affinityOf(text: string, head: RequestHead, client: ClientSide): Affinity {
    const { readKey, sticky } = this;
    if (readKey === undefined && sticky === undefined) return NO_AFFINITY;
    return { key: readKey?.(text, head, client) ?? '', bound: sticky?.find(text, head) };
  }
}
