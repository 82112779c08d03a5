/**
 * workers/http/recovery.ts: what becomes of a request whose first backend does not simply answer it: it waits for a
 * backend, is tried again, or tried at two at once. Only such a request has one of these; the others do not pay for it.
 */

import type { BackendId } from '../../src/core/backend.js';
import { backoffMs } from '../../src/core/backoff.js';
import { systemRandom } from '../../src/core/random.js';
import { type AttemptEnd, afterFailure, isStale, type NextStep } from '../../src/core/retry.js';
import { COLUMN, POOL_COLUMN, RETRIED_COLUMN } from '../counters.js';
import type { Affinity, Dispatch, Refusal, Waiter } from '../dispatch.js';
import type { Upstream } from '../roster.js';
import { WheelTimer } from '../timer-wheel.js';
import type { Ticket } from '../wait-queue.js';
import type { Exchange } from './exchange.js';
import { excuseAfter, excuseWithout, type Failure } from './excuses.js';
import { Hedge } from './hedge.js';
import type { HttpPool } from './http-pool.js';
import type { Plane } from './plane.js';
import type { Loss, UpstreamConnection } from './upstream-connection.js';

const NOWHERE: ReadonlySet<BackendId> = new Set();

export class Recovery implements Waiter {
  tried: ReadonlySet<BackendId> = NOWHERE;
  again = false;
  fresh = false;
  private readonly pool: HttpPool;
  private readonly plane: Plane;
  private readonly dispatch: Dispatch;
  private readonly exchange: Exchange;
  /** How many there were, the present one included; one beside another does not count. */
  private attempts: number;
  /** The present attempt counts among the retries that are under way. */
  private retrying = false;
  /** Its place among those that wait for a backend. */
  private ticket: Ticket<Waiter> | undefined;
  /** Runs through the pause before the next attempt, or until a second one is made beside the first. */
  private readonly timer = new WheelTimer(this);
  private hedge: Hedge | undefined;
  /** A connection of another's was closed for one of its own: once, or it would close all of them for nothing. */
  private madeRoom = false;
  private lastFailure: Failure | undefined;
  /** What the last attempt came to. */
  private cause: AttemptEnd = 'connect';

  /** @param attempts how many the exchange has made */
  constructor(pool: HttpPool, exchange: Exchange, attempts: number) {
    this.pool = pool;
    this.plane = pool.plane;
    this.dispatch = pool.dispatch;
    this.exchange = exchange;
    this.attempts = attempts;
  }

  get affinity(): Affinity {
    return this.exchange;
  }

  /** There was no backend for it: lets it wait for one if that can help. */
  refused(why: Refusal): void {
    if (why !== 'full' && why !== 'connections') return this.giveUp(why);
    if (why === 'connections') this.dispatch.counters.add(POOL_COLUMN.connectionsBroken);
    const place = this.dispatch.wait(this);
    if (typeof place === 'string') return this.giveUp(place);
    this.ticket = place;
    this.plane.fineWheel.drop(this.timer);
    this.exchange.holdBody();
  }

  onSlot(upstream: Upstream): void {
    this.ticket = undefined;
    this.begin(upstream);
  }

  onRefused(why: Refusal): void {
    this.ticket = undefined;
    this.giveUp(why);
  }

  /** The connection of the exchange ended before a response began. */
  lost(upstream: Upstream, connection: UpstreamConnection, loss: Loss): void {
    const reused = connection.reused || loss.behind;
    // The backend's other idle connections are as old as the one that proved stale.
    if (!this.fresh && isStale({ reason: loss.reason, reused })) {
      if (!loss.behind) upstream.closeIdle();
    } else if (!loss.ours && !loss.behind) this.exchange.blame(upstream, loss.reason);
    this.lastFailure = loss;
    this.exchange.letGo();
    if (this.hedge !== undefined) return this.avoid(upstream);
    if (loss.ours && this.makesRoom()) return this.attempt();
    this.goOn(this.nextStep(loss.reason, { reused }), upstream);
  }

  /** A response is here. @returns whether it is the one to forward; otherwise its attempt is over */
  accepts(status: number): boolean {
    const { exchange, hedge, dispatch } = this;
    const { upstream } = exchange;
    if (upstream === undefined) return true;
    this.plane.fineWheel.drop(this.timer);
    const mayBeBetter = hedge !== undefined && status >= 500;
    if (hedge !== undefined && !mayBeBetter) this.cancelHedge(hedge);
    if (!mayBeBetter && dispatch.rules.statuses?.[status] !== 1) return true;
    const step = mayBeBetter ? undefined : this.nextStep('status');
    if (step === 'give-up') return true;
    this.lastFailure = status;
    exchange.countAnswer(status, performance.now());
    exchange.withdraw();
    if (step === undefined) this.avoid(upstream);
    else this.goOn(step, upstream);
    return false;
  }

  /** `gone` is out of use, or somewhere else by now: asks another backend if that can be done. */
  evacuate(gone: Upstream): void {
    const { exchange, hedge } = this;
    const isFirst = exchange.upstream === gone;
    if (!isFirst && hedge?.upstream !== gone) return;
    const other = isFirst ? hedge?.upstream : exchange.upstream;
    const step = other === undefined ? this.nextStep('evacuated', { unsent: exchange.isUnsent }) : undefined;
    if (step === 'give-up') return; // it waits on
    this.dispatch.counters.add(POOL_COLUMN.evacuated);
    if (isFirst) exchange.withdraw();
    else if (hedge !== undefined) this.cancelHedge(hedge);
    if (step === undefined) this.avoid(gone);
    else this.goOn(step, gone, false);
  }

  /** No response came in the time that a request has which can be tried elsewhere. @returns whether it now is */
  movesOn(loss: Loss): boolean {
    const { exchange } = this;
    const { upstream } = exchange;
    if (upstream === undefined || this.hedge !== undefined) return false;
    const step = this.nextStep('slow');
    if (step === 'give-up') return false;
    this.lastFailure = loss;
    exchange.blame(upstream, loss.reason);
    exchange.withdraw();
    this.goOn(step, upstream);
    return true;
  }

  /** Makes a second attempt beside the first if that has no answer in `ms` milliseconds. */
  hedgeAfter(ms: number): void {
    this.plane.fineWheel.arm(this.timer, ms);
  }

  onTimeout(): void {
    const { upstream } = this.exchange;
    if (upstream === undefined) this.attempt();
    else this.hedgeBeside(upstream);
  }

  /** The backend of the second attempt answers. @returns whether that is the answer to forward */
  hedgeAnswers(hedge: Hedge): boolean {
    const { exchange } = this;
    const { upstream } = exchange;
    const { status } = this.plane.responseHead;
    if (upstream !== undefined && status >= 500) {
      this.dispatch.answered(hedge.upstream, status, this.plane.wheel.now);
      this.cancelHedge(hedge);
      return false;
    }
    if (upstream !== undefined) {
      this.dispatch.counters.add(POOL_COLUMN.hedgesWon);
      exchange.countOvertaken(upstream);
      exchange.withdraw();
    }
    this.hedge = undefined;
    this.retrying = true;
    exchange.client.record?.overtook(hedge.upstream.id, this.attempts + 1, hedge.askedAt);
    exchange.takeOver(hedge);
    return true;
  }

  /** The connection of the second attempt ended before a response began. */
  hedgeLost(hedge: Hedge, connection: UpstreamConnection, loss: Loss): void {
    const { exchange } = this;
    const reused = connection.reused || loss.behind;
    if (!isStale({ reason: loss.reason, reused }) && !loss.ours && !loss.behind)
      exchange.blame(hedge.upstream, loss.reason, hedge.askedAt);
    this.endHedge(hedge);
    if (exchange.upstream !== undefined) return this.avoid(hedge.upstream);
    this.lastFailure = loss;
    this.goOn(this.nextStep(loss.reason, { reused }), hedge.upstream);
  }

  /** Lets go of the second attempt if it is at that backend. */
  recall(id: BackendId): void {
    if (this.hedge?.upstream.id === id) this.hedge.connection.recall();
  }

  /** The attempt of the exchange is over. */
  endAttempt(): void {
    if (this.retrying) this.dispatch.load.retries -= 1;
    this.retrying = false;
  }

  /** The client is gone. */
  leave(): void {
    if (this.ticket !== undefined) this.dispatch.leaveQueue(this.ticket);
    this.ticket = undefined;
    this.plane.fineWheel.drop(this.timer);
    if (this.hedge !== undefined) this.cancelHedge(this.hedge);
  }

  private attempt(): void {
    const choice = this.dispatch.choose(this, this.exchange);
    if (typeof choice === 'string') this.refused(choice);
    else this.begin(choice);
  }

  private begin(upstream: Upstream): void {
    this.attempts += 1;
    this.retrying = this.attempts > 1;
    if (this.retrying) {
      upstream.counters.add(COLUMN.retries);
      this.dispatch.counters.add(RETRIED_COLUMN[this.cause]);
      this.dispatch.load.retries += 1;
    }
    this.exchange.sendTo(upstream, this.attempts, this.fresh, performance.now());
  }

  private nextStep(reason: AttemptEnd, { reused = false, unsent = false } = {}): NextStep {
    const { idempotent, isKept } = this.exchange;
    const failed = { reason, reused, unsent, attempts: this.attempts };
    const request = { idempotent, kept: isKept, freshStart: !this.fresh };
    this.cause = reason;
    return afterFailure(failed, request, this.dispatch.rules, (spendsBudget) =>
      this.dispatch.mayRetry(spendsBudget, this.plane.wheel.now),
    );
  }

  /** @param mayPause unless nothing is wrong but with the backend that it leaves */
  private goOn(step: NextStep, from: Upstream, mayPause = true): void {
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
    this.exchange.holdBody();
    this.plane.fineWheel.arm(this.timer, pauseMs);
  }

  /** It could not even be tried. @returns whether it can now; an attempt that was none does not count */
  private makesRoom(): boolean {
    if (this.madeRoom || !this.plane.makeRoom()) return false;
    this.madeRoom = true;
    this.attempts -= 1;
    return true;
  }

  private avoid(upstream: Upstream): void {
    this.tried = new Set(this.tried).add(upstream.id);
  }

  private pauseMs(): number {
    const { backoff } = this.dispatch.config.retries;
    if (backoff.base === 0 || (this.attempts === 1 && this.dispatch.roster.hasOther(this.tried))) return 0;
    return Math.ceil(backoffMs(this.attempts - 1, backoff, systemRandom));
  }

  private hedgeBeside(first: Upstream): void {
    const { dispatch } = this;
    this.avoid(first);
    if (!dispatch.roster.hasOther(this.tried) || !dispatch.mayRetry(true, this.plane.wheel.now)) return;
    const second = dispatch.choose({ tried: this.tried, again: false, fresh: false }, this.exchange);
    if (typeof second === 'string') return;
    dispatch.counters.add(POOL_COLUMN.hedges);
    dispatch.load.retries += 1;
    this.hedge = new Hedge(this.pool, this.exchange, this, second);
  }

  private cancelHedge(hedge: Hedge): void {
    hedge.cancel();
    this.endHedge(hedge);
  }

  private endHedge({ upstream }: Hedge): void {
    this.hedge = undefined;
    this.dispatch.load.retries -= 1;
    this.dispatch.release(upstream);
  }

  private giveUp(why: Refusal): void {
    const { lastFailure, pool } = this;
    // What the last backend did says more than that no other is left to try.
    const isFailed = lastFailure !== undefined && why === 'none';
    this.exchange.excuse(isFailed ? excuseAfter(lastFailure, pool) : excuseWithout(why, pool));
  }
}
