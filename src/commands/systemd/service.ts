/**
 * commands/systemd/service.ts: the notices of a balancer that systemd runs (`Type=notify` or `notify-reload`): ready,
 * reloading, stopping, a status line, and signs of life for the watchdog.
 */
import type { BalancerView, RunningBalancer } from '../../control/balancer.js';
import type { Logger } from '../../control/logger.js';
import { Notifier } from './notifier.js';

/** Time between two checks for news to send, unless the watchdog needs a shorter one. */
const LOOK_MS = 10_000;
/** Time that a stop may take beyond the drain. */
const STOP_GRACE_MS = 5_000;

export class SystemdService {
  readonly #notifier: Pick<Notifier, 'say' | 'isBusy'>;
  /** Time within which the watchdog expects a sign of life; `undefined` without a watchdog. */
  readonly #watchdogMs: number | undefined;
  readonly #drainMs: number;
  #looking: NodeJS.Timeout | undefined;
  #status = '';

  /** @param drainMs time that a drain may take; systemd is asked to wait for it */
  constructor(notifier: Pick<Notifier, 'say' | 'isBusy'>, watchdogMs: number | undefined, drainMs: number) {
    this.#notifier = notifier;
    this.#watchdogMs = watchdogMs;
    this.#drainMs = drainMs;
  }

  /**
   * Reads systemd's variables and removes them from `environment`, so that no child process uses them.
   * @returns the service; `undefined` if the process was not started by a service manager that expects notices
   */
  static take(
    environment: Record<string, string | undefined>,
    drainMs: number,
    logger: Logger,
  ): SystemdService | undefined {
    const { NOTIFY_SOCKET: socket = '', WATCHDOG_USEC: microseconds, WATCHDOG_PID: pid } = environment;
    for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete environment[name];
    if (socket === '') return undefined;
    const isMeant = pid === undefined || pid === String(process.pid);
    const watchdogMs = isMeant && /^[1-9]\d{0,15}$/.test(microseconds ?? '') ? Number(microseconds) / 1_000 : undefined;
    return new SystemdService(new Notifier(socket, logger), watchdogMs, drainMs);
  }

  /** Must be called when the balancer listens, and after each reload. Starts the signs of life and the status line. */
  ready(balancer: Pick<RunningBalancer, 'view'>): void {
    this.#status = statusOf(balancer.view());
    this.#notifier.say('READY=1', `STATUS=${this.#status}`);
    const everyMs = Math.min(this.#watchdogMs === undefined ? LOOK_MS : this.#watchdogMs / 2, LOOK_MS);
    // A process that hangs runs no timer, so it sends no sign of life. A process that ends must not wait for the timer.
    this.#looking ??= setInterval(() => this.#look(balancer.view()), everyMs).unref();
  }

  /** Must be called when a reload begins. It sends the monotonic time, by which systemd tells reloads apart. */
  reloading(): void {
    this.#notifier.say('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1_000n}`);
  }

  /**
   * Must be called when a stop begins, and when its drain does.
   * @param delayMs how long the balancer goes on to serve before it drains
   */
  stopping(delayMs: number): void {
    clearInterval(this.#looking);
    const extend = `EXTEND_TIMEOUT_USEC=${(delayMs + this.#drainMs + STOP_GRACE_MS) * 1_000}`;
    const status = delayMs > 0 ? 'serving until the stop delay is over' : 'finishing requests in flight';
    this.#notifier.say('STOPPING=1', `STATUS=${status}`, extend);
  }

  /** Sends news; a sign of life only if a worker listens, so that a balancer that cannot serve is restarted. */
  #look(view: BalancerView): void {
    if (this.#notifier.isBusy) return;
    const status = statusOf(view);
    const isAlive = this.#watchdogMs !== undefined && view.workers.some(({ state }) => state === 'listening');
    const news = [...(isAlive ? ['WATCHDOG=1'] : []), ...(status === this.#status ? [] : [`STATUS=${status}`])];
    this.#status = status;
    if (news.length > 0) this.#notifier.say(...news);
  }
}

function statusOf({ workers, pools }: BalancerView): string {
  const listening = workers.filter(({ state }) => state === 'listening').length;
  const backends = pools.flatMap((pool) => pool.backends);
  const down = backends.filter(({ health, outlier }) => health === 'down' || outlier === 'ejected').length;
  const well = down === 0 ? `${backends.length} backends` : `${backends.length - down} of ${backends.length} backends`;
  return `${listening} ${listening === 1 ? 'worker' : 'workers'}, ${well} usable`;
}
