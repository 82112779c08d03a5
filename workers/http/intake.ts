/**
 * workers/http/intake.ts: what becomes of a request once its head was read, for every protocol alike: whether it is shed,
 * which route it takes, whether its client may have it, and in which form it goes on. A codec calls {@link Intake.decide}
 * with the head, and {@link Intake.exchangeFor} when the answer is a pool.
 */
import type { RequestHead } from '../../src/http1/request-head.js';
import { WORKER_COLUMN } from '../counters.js';
import { ClientPolicy } from '../inbound/client-policy.js';
import { LoadShedder } from '../load-shedder.js';
import type { WorkerContext } from '../worker-context.js';
import type { ClientStream, IntakeRequest } from './client-stream.js';
import { Exchange } from './exchange.js';
import type { HttpPool } from './http-pool.js';
import type { LocalAnswer } from './local-answer.js';
import { OutgoingRequest } from './outgoing-request.js';
import { RequestBody } from './request-body.js';
import { Route } from './route.js';
import { onlyPoolOf, type Routes, routesOf } from './routes.js';
import { Tracing, withTrace } from './tracing.js';

/** A promise of the client's that a server does what it asks for once, however often it is asked. */
const IDEMPOTENCY_KEY = 'idempotency-key';

/** Where a request goes, or what it is answered instead; `undefined` while a rate limit is being asked for. */
export type Decision = HttpPool | LocalAnswer | undefined;

export const OVERLOADED: LocalAnswer = {
  status: 503,
  reason: 'overloaded',
  detail: 'the load balancer is overloaded.',
};
export const BODY_TOO_LARGE: LocalAnswer = {
  status: 413,
  reason: 'too-large',
  detail: 'the request body is too large.',
  closes: true,
};
/** RFC 9110 section 7.6.2: where Max-Forwards is zero this hop answers. */
const LAST_HOP: LocalAnswer = {
  status: 200,
  reason: 'max-forwards',
  detail: 'this is the last hop that Max-Forwards allows.',
  closes: true,
};
/** Echoing it, as the last hop should, would show a script what its browser hides. */
const NO_TRACE: LocalAnswer = {
  status: 405,
  reason: 'max-forwards',
  detail: 'TRACE is not answered here.',
  closes: true,
};

export class Intake {
  policy: ClientPolicy;
  shedder: LoadShedder;
  private readonly context: WorkerContext;
  private tracing: Tracing | undefined;
  /** Where every request goes while there are no {@link routes}. */
  private onlyPool: HttpPool | undefined;
  /** Which requests go where; `undefined` where that is the same for all. */
  private routes: Routes | undefined;

  /** {@link route} has to be called once there are pools. */
  constructor(context: WorkerContext) {
    const { config } = context;
    this.context = context;
    this.policy = new ClientPolicy(config);
    this.tracing = config.tracing && new Tracing(config.tracing);
    this.shedder = new LoadShedder(config.overload.delay);
  }

  /** Follows the context's configuration, but for what depends on its pools. */
  configure(): void {
    const { config } = this.context;
    if (config.overload.delay !== this.shedder.limitMs) this.shedder = new LoadShedder(config.overload.delay);
    this.policy = new ClientPolicy(config);
    this.tracing = config.tracing && new Tracing(config.tracing);
  }

  /** Leads requests to the pools that the context has now. */
  route(): void {
    const { config, pools, rates } = this.context;
    this.onlyPool = onlyPoolOf(config, pools);
    this.routes = routesOf(config, pools, this.policy, rates);
  }

  /**
   * Says where a request goes. One that the answer is `undefined` for is asked about again after its `goOn` was called.
   * @param head belongs to the caller still
   */
  decide(head: RequestHead, request: IntakeRequest): Decision {
    request.route = undefined;
    const decision = this.shedder.sheds() ? OVERLOADED : this.destination(head, request);
    if (decision === undefined) return undefined;
    if (this.isTooLarge(Math.max(head.contentLength, request.bodyBytes), request.route)) {
      this.context.counters.add(WORKER_COLUMN.rejected);
      return BODY_TOO_LARGE;
    }
    if (head.maxForwards === 0) return head.method === 'TRACE' ? NO_TRACE : LAST_HOP;
    this.context.counters.add(WORKER_COLUMN.requests);
    return decision;
  }

  /**
   * Begins a request that {@link decide} has led to `pool`. The caller starts the exchange.
   * @param head belongs to the exchange from now on
   * @param body what came of the body with the head
   * @param isComplete whether that is all of it
   */
  exchangeFor(pool: HttpPool, head: RequestHead, client: ClientStream, body: string, isComplete: boolean): Exchange {
    const { policy, tracing } = this;
    if (pool.repeatsByKey && head.fields.has(IDEMPOTENCY_KEY)) head.idempotent = true;
    if (policy.makeRequestId !== undefined && head.requestId === '') head.giveRequestId(policy.makeRequestId());
    const trace = tracing?.traceOf(head);
    const edits = withTrace(client.route?.edit(head), trace);
    client.record?.dispatched(pool.name, head.requestId, trace?.id);
    const affinity = pool.affinityOf(head, client.clientSide);
    const hasBody = body !== '' || !isComplete;
    const request = new OutgoingRequest(pool, client, head, policy.additions, edits, !hasBody);
    return new Exchange(
      pool,
      client,
      request,
      affinity,
      hasBody ? new RequestBody(pool, client, body, isComplete) : undefined,
    );
  }

  /** Whether a request body of so many bytes is larger than its route or the configuration allows. */
  isTooLarge(bytes: number, route: Route | undefined): boolean {
    const most = route?.bodyBytes ?? this.context.config.limits.bodyBytes;
    return most > 0 && bytes > most;
  }

  private destination(head: RequestHead, request: IntakeRequest): HttpPool | LocalAnswer | undefined {
    const { routes } = this;
    if (routes === undefined) return this.onlyPool;
    const found = routes.find(head);
    if (!(found instanceof Route)) return found;
    request.route = found;
    return found.decide(head, request.clientSide, request);
  }
}
