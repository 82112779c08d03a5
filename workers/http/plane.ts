/** workers/http/plane.ts: what every HTTP connection of a worker shares. */
import type { Config } from '../../src/config/schema.js';
import type { ClientSide } from '../../src/http1/forward-request.js';
import { RequestHead } from '../../src/http1/request-head.js';
import { ResponseHead } from '../../src/http1/response-head.js';
import { WORKER_COLUMNS } from '../../src/messages.js';
import type { AccessLog } from '../access-log/access-log.js';
import { CounterRow } from '../counters.js';
import type { Affinity, Dispatch } from '../dispatch.js';
import { ReadBuffers } from '../read-buffers.js';
import type { Upstream } from '../roster.js';
import { TimerWheel } from '../timer-wheel.js';
import type { ClientConnection } from './client-connection.js';
import { ClientPolicy } from './client-policy.js';
import { keyReaderOf, type ReadKey } from './hash-key.js';
import { Pipeline } from './pipeline.js';
import { Sticky } from './sticky.js';

const NO_AFFINITY: Affinity = { key: '', bound: undefined };

const FINE_TICK_MS = 5;

export class Plane {
  readonly config: Config;
  readonly dispatch: Dispatch;
  readonly wheel: TimerWheel;
  /** For the few waits that are short: pauses before retries, and hedging. Sleeps while there are none. */
  readonly fineWheel: TimerWheel;
  readonly policy: ClientPolicy;
  /** `undefined` when it is off. */
  readonly accessLog: AccessLog | undefined;
  readonly buffers = new ReadBuffers();
  readonly counters = new CounterRow(WORKER_COLUMNS.length);
  readonly clients = new Set<ClientConnection>();
  /** Heads are parsed and forwarded within one turn, so one of each serves all connections. */
  readonly requestHead = new RequestHead();
  readonly responseHead = new ResponseHead();
  /** Where the policy hashes: what of a request. */
  private readonly readKey: ReadKey | undefined;
  /** Where clients stay with their backend. */
  readonly sticky: Sticky | undefined;
  /** A request of any method may be repeated that has an idempotency key. */
  readonly repeatsByKey: boolean;
  /** Where the pool lets requests share a connection. */
  readonly pipeline: Pipeline | undefined;
  /** No connection outlives its current request. */
  draining = false;
  private onEmpty: (() => void) | undefined;

  /** @param stickySecret what signs the cookies of a pool that is sticky */
  constructor(
    config: Config,
    dispatch: Dispatch,
    wheel: TimerWheel,
    accessLog: AccessLog | undefined,
    stickySecret: string | undefined,
  ) {
    this.config = config;
    this.dispatch = dispatch;
    this.wheel = wheel;
    this.fineWheel = new TimerWheel(FINE_TICK_MS, () => performance.now(), 'sleeps');
    this.accessLog = accessLog;
    this.policy = new ClientPolicy(config);
    this.readKey = keyReaderOf(dispatch.config, this.policy);
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

  /** Calls `listener` once no client is left, at once if none is; `undefined` takes that back. */
  whenEmpty(listener: (() => void) | undefined): void {
    this.onEmpty = listener;
    if (this.clients.size === 0) listener?.();
  }

  /** Whoever waits for `gone` and can be answered by another backend asks that. */
  evacuate(gone: Upstream): void {
    // Rare, and so cheaper than to keep for each backend who waits for it.
    for (const client of this.clients) client.evacuate(gone);
  }

  /** A client connection has closed. */
  left(client: ClientConnection): void {
    this.clients.delete(client);
    if (this.clients.size === 0) this.onEmpty?.();
  }
}
