/**
 * workers/http/h1/response-timer.ts: the one timer of a backend connection. Each method sets the time limit of one state
 * of the connection, from the timeouts of the request's route or the pool.
 */
import { WheelTimer } from '../../timer-wheel.js';
import type { BackendReceiver } from '../backend-stream.js';
import type { HttpPool } from '../http-pool.js';

export class ResponseTimer {
  /** The timer runs for one try, not for the whole time that a response may take. */
  isOneTry = false;
  /** The body that arrives is a stream of events, which may pause as long as a tunnel. */
  isEventStream = false;
  private readonly pool: HttpPool;
  private readonly timer: WheelTimer;

  constructor(pool: HttpPool, owner: { onTimeout(): void }) {
    this.pool = pool;
    this.timer = new WheelTimer(owner);
  }

  /** Sets no time limit: nothing is waited for. */
  rest(): void {
    this.arm(0);
  }

  /** The connection is being opened. */
  connecting(): void {
    this.arm(this.pool.dispatch.config.timeouts.connect);
  }

  /** The connection waits up to `ms` milliseconds for its next request. */
  idle(ms: number): void {
    this.arm(ms);
  }

  /** All of the request was sent, and its response is due. */
  responseDue(receiver: BackendReceiver | undefined): void {
    const { perTryTimeout } = this.pool.dispatch.config.retries;
    this.isOneTry = perTryTimeout > 0;
    this.arm(this.isOneTry ? perTryTimeout : this.responseHeadMs(receiver));
  }

  /** The time of one try is over, and the request cannot be tried elsewhere: it gets what is left of the whole time. */
  restOfResponse(receiver: BackendReceiver | undefined): void {
    const limit = this.responseHeadMs(receiver);
    // The whole time, which a route may set, can be less than the pool's time for one try.
    this.arm(limit === 0 ? 0 : Math.max(1, limit - this.pool.dispatch.config.retries.perTryTimeout));
  }

  /** The next bytes are due, in either direction. */
  bytesDue(receiver: BackendReceiver | undefined): void {
    const { timeouts } = this.pool.dispatch.config;
    const ofRoute = receiver?.request.timeouts;
    if (this.isEventStream) this.arm(ofRoute?.tunnelIdle ?? timeouts.tunnelIdle);
    else this.arm(ofRoute?.betweenBytes ?? timeouts.betweenBytes);
  }

  /** The connection is closing. */
  drop(): void {
    this.pool.context.wheel.drop(this.timer);
  }

  private responseHeadMs(receiver: BackendReceiver | undefined): number {
    return receiver?.request.timeouts?.responseHead ?? this.pool.dispatch.config.timeouts.responseHead;
  }

  private arm(ms: number): void {
    this.pool.context.wheel.arm(this.timer, ms);
  }
}
