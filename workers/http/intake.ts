/**
 * workers/http/intake.ts: decides where a request goes once its head was read, for every protocol alike: whether it is
 * shed, which route it takes, whether its client is allowed there, and with which changes it is forwarded. A codec calls
 * {@link Intake.decide} with the head, and {@link Intake.exchangeFor} if the decision is a pool.
 */
import { usesAcme } from '../../src/core/acme.js';
import { type Maintenance, NO_MAINTENANCE } from '../../src/core/maintenance.js';
import type { RequestHead } from '../../src/http1/request-head.js';
import type { Challenges } from '../challenges.js';
import { WORKER_COLUMN } from '../counters.js';
import { ClientPolicy } from '../inbound/client-policy.js';
import { LoadShedder } from '../load-shedder.js';
import type { WorkerContext } from '../worker-context.js';
import type { ClientStream, IntakeRequest } from './client-stream.js';
import { type Decision, Destinations } from './destinations.js';
import { Exchange } from './exchange.js';
import type { HttpPool } from './http-pool.js';
import { httpsRedirect } from './https-redirect.js';
import type { LocalAnswer } from './local-answer.js';
import { OutgoingRequest } from './outgoing-request.js';
import { type Pages, pagesIn } from './pages.js';
import { RequestBody } from './request-body.js';
import { withHost } from './request-rules.js';
import type { Route } from './route.js';
import type { RoutingTable } from './routing-table.js';
import { Tracing, withTrace } from './tracing.js';

/** The field by which a client says that a server may be asked twice and will act once. */
const IDEMPOTENCY_KEY = 'idempotency-key';

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
/** The answer to an OPTIONS whose Max-Forwards is 0, which this hop has to answer (RFC 9110 section 7.6.2). */
const LAST_HOP: LocalAnswer = {
  status: 200,
  reason: 'max-forwards',
  detail: 'this is the last hop that Max-Forwards allows.',
  closes: true,
};
/** The answer to such a TRACE. Echoing it would show a script the fields that its browser hides from it. */
const NO_TRACE: LocalAnswer = {
  status: 405,
  reason: 'max-forwards',
  detail: 'TRACE is not answered here.',
  closes: true,
};

export class Intake {
  /** Which clients are trusted, and what backends are told of clients. */
  policy: ClientPolicy;
  shedder: LoadShedder;
  private readonly context: WorkerContext;
  private tracing: Tracing | undefined;
  /** The challenges of CAs; `undefined` where no certificate comes from one by ACME. */
  private challenges: Challenges | undefined;
  /** Made by {@link route}. */
  private destinations: Destinations | undefined;
  /** What an operator has put in maintenance. */
  private maintenance = NO_MAINTENANCE;
  /** Pages in place of the words of answers; `undefined` where there are none. */
  private pages: Pages | undefined;

  /** {@link route} has to be called once the context has its pools. */
  constructor(context: WorkerContext) {
    const { config } = context;
    this.context = context;
    this.policy = new ClientPolicy(config);
    this.tracing = config.tracing && new Tracing(config.tracing);
    this.challenges = challengesOf(context);
    this.shedder = new LoadShedder(config.overload.delay);
  }

  /** Takes over the context's configuration, except for routes, which need its pools: see {@link route}. */
  configure(): void {
    const { config } = this.context;
    if (config.overload.delay !== this.shedder.limitMs) this.shedder = new LoadShedder(config.overload.delay);
    this.policy = new ClientPolicy(config);
    this.tracing = config.tracing && new Tracing(config.tracing);
    this.challenges = challengesOf(this.context);
  }

  /** Takes over the routes of the context's configuration, to the pools that it has now. @param table their table */
  route(table: RoutingTable): void {
    const { config, pools, rates, files } = this.context;
    const parts = { pools, clients: this.policy, rates, files };
    this.destinations = new Destinations(config, table, parts, this.maintenance);
    this.pages = pagesIn(config, files);
  }

  /** Takes over what is in maintenance, for the requests that come from now on. */
  maintain(maintenance: Maintenance): void {
    this.maintenance = maintenance;
    this.destinations?.maintain(maintenance);
  }

  /**
   * @param route the route of the request that is answered, as far as it is known
   * @param pool the pool that it went to; '' for none
   * @returns the answer with the page that the configuration has for it
   */
  dressed(answer: LocalAnswer, route: Route | undefined, pool = ''): LocalAnswer {
    return this.pages === undefined ? answer : this.pages.dress(answer, route?.errorPages, pool);
  }

  /**
   * Decides where a request goes. After `undefined` call it again for the request once its `goOn` was called.
   * @param head stays the caller's
   */
  decide(head: RequestHead, request: IntakeRequest): Decision {
    const challenge = this.challenges?.answer(head, request.arrival.listener);
    if (challenge !== undefined) return challenge;
    const decision = this.shedder.sheds() ? OVERLOADED : this.destination(head, request);
    if (decision === undefined) return undefined;
    if (this.isTooLarge(Math.max(head.contentLength, request.bodyBytes), request.route)) {
      this.context.counters.add(WORKER_COLUMN.rejected);
      return BODY_TOO_LARGE;
    }
    if (head.maxForwards === 0) return head.method === 'TRACE' ? NO_TRACE : LAST_HOP;
    this.context.counters.add(WORKER_COLUMN.requests);
    if (request.isHttp2) this.context.counters.add(WORKER_COLUMN.http2Requests);
    return decision;
  }

  /**
   * Makes the exchange of a request that goes to `pool`; the caller starts it.
   * @param head becomes the exchange's
   * @param body the part of the body that came with the head
   * @param isComplete whether that is all of the body
   */
  exchangeFor(pool: HttpPool, head: RequestHead, client: ClientStream, body: string, isComplete: boolean): Exchange {
    const { policy, tracing } = this;
    if (pool.repeatsByKey && head.fields.has(IDEMPOTENCY_KEY)) head.idempotent = true;
    if (policy.makeRequestId !== undefined && head.requestId === '') head.giveRequestId(policy.makeRequestId());
    const trace = tracing?.traceOf(head);
    const ofRoute = client.route?.edit(head, client);
    const edits = withTrace(pool.host === '' ? ofRoute : withHost(ofRoute, pool.host, head), trace);
    client.record?.dispatched(pool.name, head.requestId, trace?.id);
    const found = pool.affinityOf(head, client.clientSide);
    const affinity = client.held === undefined ? found : client.held.affinityIn(pool, found);
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

  private destination(head: RequestHead, request: IntakeRequest): Decision {
    const { redirectHttps = false } = request.arrival.listener.settings;
    if (redirectHttps !== false) return httpsRedirect(redirectHttps, this.context, head);
    return this.destinations?.straight ?? this.destinations?.find(head, request);
  }
}

function challengesOf({ config, challenges }: WorkerContext): Challenges | undefined {
  return usesAcme(config.listeners) ? challenges : undefined;
}
