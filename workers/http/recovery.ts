/**
 * workers/http/recovery.ts: what becomes of a request that its first backend does not simply answer: it waits for a
 * backend, is tried again, or is tried at two at once (Dean, Barroso, "The Tail at Scale", CACM 56(2), 2013). Only such a
 * request has a recovery; the others do not pay for one.
 */
import type { BackendId } from '../../src/core/backend.js';
import { backoffMs } from '../../src/core/backoff.js';
import { systemRandom } from '../../src/core/random.js';
import { type AttemptEnd, afterFailure, isStale, type NextStep } from '../../src/core/retry.js';
import { COLUMN, POOL_COLUMN, RETRIED_COLUMN } from '../counters.js';
import type { Affinity, Dispatch, NoBackendReason, QueuedRequest } from '../dispatch.js';
import { WheelTimer } from '../timer-wheel.js';
import type { Ticket } from '../wait-queue.js';
import type { WorkerBackend } from '../worker-backend.js';
import type { WorkerContext } from '../worker-context.js';
import { Attempt } from './attempt.js';
import { type AttemptFailure, answerAfter, answerWithout, type LastFailure } from './attempt-failure.js';
import type { Exchange } from './exchange.js';
import type { HttpPool } from './http-pool.js';

const NONE_TRIED: ReadonlySet<BackendId> = new Set();

export class Recovery implements QueuedRequest {
  tried: ReadonlySet<BackendId> = NONE_TRIED;
  again = false;
  fresh = false;
  private readonly pool: HttpPool;
  private readonly context: WorkerContext;
  private readonly dispatch: Dispatch;
  private readonly exchange: Exchange;
  /** Number of attempts so far, the current one included; a second one beside it does not count. */
  private attempts: number;
  /** The request's place in the queue; `undefined` while it does not wait for a backend. */
  private ticket: Ticket<QueuedRequest> | undefined;
  /** Ends the pause before the next attempt, or the time that the first one gets before a second is made beside it. */
  private readonly timer = new WheelTimer(this);
  /** The hedged attempt beside the exchange's current one. */
  private second: Attempt | undefined;
  /**
   * An idle connection was closed to make room for this request: once at most, or it might close all of them in vain.
   */
  private madeRoom = false;
  private lastFailure: LastFailure | undefined;
  /** How the last attempt ended, for the counter of the next. */
  private cause: AttemptEnd = 'connect';

  /** @param attempts number of attempts that the exchange has made, 0 or 1 */
  constructor(exchange: Exchange, attempts: number) {
    this.pool = exchange.pool;
    this.context = exchange.pool.context;
    this.dispatch = exchange.pool.dispatch;
    this.exchange = exchange;
    this.attempts = attempts;
  }

  get affinity(): Affinity {
    return this.exchange.affinity;
  }

  /** Dispatch has no backend for the request: lets it wait for one, or gives up. */
  refused(why: NoBackendReason): void {
    if (why !== 'full' && why !== 'connections') return this.giveUp(why);
    if (why === 'connections') this.dispatch.counters.add(POOL_COLUMN.connectionsBroken);
    const place = this.dispatch.wait(this);
    if (typeof place === 'string') return this.giveUp(place);
    this.ticket = place;
    this.context.fineWheel.drop(this.timer);
    this.exchange.body?.hold();
  }

  onSlot(upstream: WorkerBackend): void {
    this.ticket = undefined;
    this.begin(upstream);
  }

  onRefused(why: NoBackendReason): void {
    this.ticket = undefined;
    this.giveUp(why);
  }

  /**
   * The stream of an attempt ended before a response began.
   * @param isReused whether its connection had served others
   */
  lost(attempt: Attempt, failure: AttemptFailure, isReused: boolean): void {
    const stale = isStale({ reason: failure.reason, reused: isReused });
    if (attempt === this.second) return this.secondLost(attempt, failure, isReused, stale);
    const { upstream } = attempt;
    // The backend's other idle connections are as old as the one that proved stale.
    if (!this.fresh && stale) {
      if (!failure.blameless) upstream.links.closeIdle();
    } else if (!failure.ours && !failure.blameless) attempt.blame(failure);
    this.lastFailure = failure;
    this.exchange.letGo();
    if (this.second !== undefined) return this.avoid(upstream);
    if (failure.ours && this.makesRoom()) return this.attempt();
    this.goOn(this.nextStep(failure.reason, { reused: isReused }), upstream);
  }

  /** The response of `attempt` begins. @returns whether it is the one to forward; if not, the attempt is over */
  accepts(attempt: Attempt, status: number): boolean {
    this.context.fineWheel.drop(this.timer);
    if (attempt === this.second) return this.acceptsSecond(attempt, status);
    const { second, dispatch } = this;
    const mayBeBetter = second !== undefined && status >= 500;
    if (second !== undefined && !mayBeBetter) this.cancelSecond(second);
    if (!mayBeBetter && dispatch.rules.statuses?.[status] !== 1) return true;
    const step = mayBeBetter ? undefined : this.nextStep('status');
    if (step === 'give-up') return true;
    this.lastFailure = status;
    attempt.countAnswer(status, performance.now());
    this.exchange.withdraw();
    if (step === undefined) this.avoid(attempt.upstream);
    else this.goOn(step, attempt.upstream);
    return false;
  }

  /** The backend `gone` is out of use, or has moved: leaves it for another one if that can be done. */
  evacuate(gone: WorkerBackend): void {
    const { exchange, second } = this;
    const isFirst = exchange.current?.upstream === gone;
    if (!isFirst && second?.upstream !== gone) return;
    const other = isFirst ? second : exchange.current;
    const unsent = exchange.current?.isUnsent ?? true;
    const step = other === undefined ? this.nextStep('evacuated', { unsent }) : undefined;
    if (step === 'give-up') return; // it cannot be tried elsewhere: `gone` may still answer
    this.dispatch.counters.add(POOL_COLUMN.evacuated);
    if (isFirst) exchange.withdraw();
    else if (second !== undefined) this.cancelSecond(second);
    if (step === undefined) this.avoid(gone);
    else this.goOn(step, gone, false);
  }

  /** The time of one try is over without a response. @returns whether the request is now tried elsewhere */
  movesOn(attempt: Attempt, failure: AttemptFailure): boolean {
    if (this.second !== undefined) return false;
    const step = this.nextStep('slow');
    if (step === 'give-up') return false;
    this.lastFailure = failure;
    attempt.blame(failure);
    this.exchange.withdraw();
    this.goOn(step, attempt.upstream);
    return true;
  }

  /** Makes a second attempt beside the first if that has no answer in `ms` milliseconds. */
  hedgeAfter(ms: number): void {
    this.context.fineWheel.arm(this.timer, ms);
  }

  onTimeout(): void {
    const { current } = this.exchange;
    if (current === undefined) this.attempt();
    else this.hedgeBeside(current);
  }

  /** Calls the second attempt back if it is at that backend. */
  recall(id: BackendId): void {
    if (this.second?.upstream.id === id) this.second.recall();
  }

  /** Ends the wait and the second attempt: the request is given up. */
  leave(): void {
    if (this.ticket !== undefined) this.dispatch.leaveQueue(this.ticket);
    this.ticket = undefined;
    this.context.fineWheel.drop(this.timer);
    if (this.second !== undefined) this.cancelSecond(this.second);
  }

  /** Makes the next attempt, or waits for a backend. */
  private attempt(): void {
    const choice = this.dispatch.choose(this, this.affinity);
    if (typeof choice === 'string') this.refused(choice);
    else this.begin(choice);
  }

  /** Makes the next attempt at `upstream`, where it has been counted in. */
  private begin(upstream: WorkerBackend): void {
    this.attempts += 1;
    const isRetry = this.attempts > 1;
    if (isRetry) {
      upstream.counters.add(COLUMN.retries);
      this.dispatch.counters.add(RETRIED_COLUMN[this.cause]);
      this.dispatch.load.retries += 1;
    }
    this.exchange.attempt(upstream, this.attempts, performance.now(), isRetry).begin(this.fresh ? 'new' : 'any');
  }

  /** Decides what follows an attempt that ended for `reason`. */
  private nextStep(reason: AttemptEnd, { reused = false, unsent = false } = {}): NextStep {
    const { isKept, request } = this.exchange;
    const failed = { reason, reused, unsent, attempts: this.attempts };
    const replayable = { idempotent: request.idempotent, kept: isKept, freshStart: !this.fresh };
    this.cause = reason;
    return afterFailure(failed, replayable, this.dispatch.rules, (spendsBudget) =>
      this.dispatch.mayRetry(spendsBudget, this.context.wheel.now, request),
    );
  }

  /** Takes the next step. @param from the backend that is left @param mayPause whether to pause before a retry */
  private goOn(step: NextStep, from: WorkerBackend, mayPause = true): void {
    if (step === 'give-up') return this.giveUp('none');
    if (step === 'replay') {
      this.fresh = true;
      this.attempts -= 1;
      return this.attempt();
    }
    this.avoid(from);
    this.again = step === 'elsewhere-first';
    const pauseMs = mayPause ? this.pauseMs() : 0;
    if (pauseMs === 0) return this.attempt();
    this.exchange.body?.hold();
    this.context.fineWheel.arm(this.timer, pauseMs);
  }

  /**
   * Makes room for a connection that this host had no file for.
   * @returns whether to try again, which counts as no attempt
   */
  private makesRoom(): boolean {
    if (this.madeRoom || !this.context.makeRoom()) return false;
    this.madeRoom = true;
    this.attempts -= 1;
    return true;
  }

  /** Leaves a backend out of the choice for further attempts. */
  private avoid(upstream: WorkerBackend): void {
    this.tried = new Set(this.tried).add(upstream.id);
  }

  /** @returns the pause before the next attempt, in milliseconds; 0 for none */
  private pauseMs(): number {
    const { backoff } = this.dispatch.config.retries;
    if (backoff.base === 0 || (this.attempts === 1 && this.dispatch.roster.hasOther(this.tried))) return 0;
    return Math.ceil(backoffMs(this.attempts - 1, backoff, systemRandom));
  }

  /** Makes a second attempt beside the first, if another backend and the retry budget allow it. */
  private hedgeBeside(first: Attempt): void {
    const { dispatch } = this;
    this.avoid(first.upstream);
    if (
      !dispatch.roster.hasOther(this.tried) ||
      !dispatch.mayRetry(true, this.context.wheel.now, this.exchange.request)
    )
      return;
    const upstream = dispatch.choose({ tried: this.tried, again: false, fresh: false }, this.affinity);
    if (typeof upstream === 'string') return;
    dispatch.counters.add(POOL_COLUMN.hedges);
    dispatch.load.retries += 1;
    this.second = new Attempt(this.exchange, upstream, performance.now(), true);
    this.second.begin('alone');
  }

  /** The response of the second attempt begins. @returns whether it is the one to forward */
  private acceptsSecond(second: Attempt, status: number): boolean {
    const { exchange } = this;
    const first = exchange.current;
    if (first !== undefined && status >= 500) {
      this.dispatch.answered(second.upstream, status, this.context.wheel.now, exchange.request);
      this.cancelSecond(second);
      return false;
    }
    this.second = undefined;
    if (first !== undefined) {
      this.dispatch.counters.add(POOL_COLUMN.hedgesWon);
      first.countOutwaited(performance.now());
      exchange.withdraw();
    }
    exchange.client.record?.attempt(second.upstream.id, this.attempts + 1, second.askedMs);
    exchange.current = second;
    return this.accepts(second, status);
  }

  /** {@link lost} for the second attempt: the first goes on, if it is still under way. */
  private secondLost(second: Attempt, failure: AttemptFailure, isReused: boolean, stale: boolean): void {
    if (!stale && !failure.ours && !failure.blameless) second.blame(failure);
    this.second = undefined;
    second.letGo();
    if (this.exchange.current !== undefined) return this.avoid(second.upstream);
    this.lastFailure = failure;
    this.goOn(this.nextStep(failure.reason, { reused: isReused }), second.upstream);
  }

  private cancelSecond(second: Attempt): void {
    this.second = undefined;
    second.withdraw();
  }

  /** Answers in the backends' place. */
  private giveUp(why: NoBackendReason): void {
    const { lastFailure, pool } = this;
    // A second attempt that is still to come would answer once more.
    this.context.fineWheel.drop(this.timer);
    // How the last attempt failed says more than that no other backend is left.
    const isFailed = lastFailure !== undefined && why === 'none';
    this.exchange.giveUp(isFailed ? answerAfter(lastFailure, pool) : answerWithout(why, pool));
  }
}
