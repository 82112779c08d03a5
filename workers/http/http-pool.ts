/**
 * workers/http/http-pool.ts: a pool as HTTP requests see it: its dispatch, and what it reads of a request to choose a
 * backend. What all pools share is in the worker's context.
 */
import { isDeepStrictEqual } from 'node:util';
import type { PoolConfig } from '../../src/config/schema.js';
import { systemRandom } from '../../src/core/random.js';
import type { Secrets } from '../../src/core/secrets.js';
import type { PoolSnapshot } from '../../src/core/snapshot.js';
import { type ClientSide, HOST_OF_BACKEND } from '../../src/http1/forward-request.js';
import type { RequestHead } from '../../src/http1/request-head.js';
import { type Affinity, Dispatch } from '../dispatch.js';
import type { WorkerContext } from '../worker-context.js';
import type { WorkerPool } from '../worker-pool.js';
import { Http1Links } from './h1/backend-links.js';
import { Pipeline } from './h1/pipeline.js';
import { keyReaderOf, type ReadKey } from './hash-key.js';
import { Sticky } from './sticky.js';

const NO_AFFINITY: Affinity = { key: '', bound: undefined };

export class HttpPool implements WorkerPool {
  readonly name: string;
  readonly context: WorkerContext;
  readonly dispatch: Dispatch;
  /** Keeps clients on their backend by a cookie; `undefined` where nothing does. */
  sticky: Sticky | undefined;
  /** Whether a request with an Idempotency-Key may be repeated, whatever its method. */
  repeatsByKey = false;
  /** The Host to send to backends, or {@link HOST_OF_BACKEND}; '': the client's. */
  host = '';
  /** Whether requests may share a connection. */
  pipelines = false;
  /**
   * Puts requests on shared connections. It stays after a reload that turns sharing off, for those that still share.
   */
  pipeline: Pipeline | undefined;
  /** Reads what the policy hashes of a request; `undefined` for a policy that hashes nothing. */
  private readKey: ReadKey | undefined;
  /** The key that {@link sticky} was made with. */
  private stickyKey: string | undefined;

  constructor(context: WorkerContext, snapshot: PoolSnapshot, config: PoolConfig, secrets: Secrets) {
    this.name = snapshot.pool;
    this.context = context;
    this.dispatch = new Dispatch(snapshot, config, {
      wheel: context.wheel,
      random: systemRandom,
      report: context.report,
      permits: context.permits,
      linksTo: (backend) => new Http1Links(this, backend),
      epochMs: Date.now,
    });
    this.follow(config, secrets);
  }

  /** Takes over other settings, and the context's policy for clients. */
  configure(config: PoolConfig, secrets: Secrets): void {
    const isSame = isDeepStrictEqual(config.sticky, this.dispatch.config.sticky);
    if (!isSame || secrets.stickyKey !== this.stickyKey) this.sticky = undefined;
    this.dispatch.configure(config);
    this.follow(config, secrets);
  }

  /** @returns which backend the request should go to; reads nothing for a pool without hashing and sticky sessions */
  affinityOf(head: RequestHead, client: ClientSide): Affinity {
    const { readKey, sticky } = this;
    if (readKey === undefined && sticky === undefined) return NO_AFFINITY;
    return { key: readKey?.(head, client) ?? '', bound: sticky?.find(head) };
  }

  private follow(config: PoolConfig, { stickyKey }: Secrets): void {
    const { host, pipelining, retries, sticky } = config;
    this.host = hostToSend(host);
    this.readKey = keyReaderOf(config, this.context.intake.policy);
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

/** @param host `pools.*.host` @returns what {@link HttpPool.host} is for it */
function hostToSend(host: string): string {
  if (host === 'pass') return '';
  return host === 'backend' ? HOST_OF_BACKEND : host;
}
