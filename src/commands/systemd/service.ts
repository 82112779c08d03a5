/**
 * commands/systemd/service.ts: what a balancer that systemd runs (`Type=notify` or `notify-reload`) says of itself: that
 * it is ready, reloads and stops, how it is in a line, and for the watchdog that it lives.
 */
import type { Balancer, BalancerView } from '../../control/balancer.js';
import type { Logger } from '../../control/logger.js';
import { Notifier } from './notifier.js';

/** How often it is looked what there is to say, unless the watchdog wants it more often, in milliseconds. */
const LOOK_MS = 10_000;
/** What a stop may take beyond the time to drain, in milliseconds. */
const STOP_GRACE_MS = 5_000;

export class SystemdService {
  readonly #notifier: Pick<Notifier, 'say' | 'isBusy'>;
  /** How long the watchdog waits for a sign of life, in milliseconds; `undefined` without one. */
  readonly #watchdogMs: number | undefined;
  readonly #drainMs: number;
  #looking: NodeJS.Timeout | undefined;
  #status = '';

  /** @param drainMs how long a stop may take, which may be longer than systemd would wait for it */
  constructor(notifier: Pick<Notifier, 'say' | 'isBusy'>, watchdogMs: number | undefined, drainMs: number) {
    this.#notifier = notifier;
    this.#watchdogMs = watchdogMs;
    this.#drainMs = drainMs;
  }

  /**
   * Takes what systemd has said out of `environment`, so that no child process takes it for its own.
   * @returns `undefined` when no service manager is listening
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

  /** It listens, or has read its configuration again; from now on it is watched. */
  ready(balancer: Pick<Balancer, 'view'>): void {
    this.#status = statusOf(balancer.view());
    this.#notifier.say('READY=1', `STATUS=${this.#status}`);
    const everyMs = Math.min(this.#watchdogMs === undefined ? LOOK_MS : this.#watchdogMs / 2, LOOK_MS);
    // A process that stands still fires no timer, and one that ends must not wait for one.
    this.#looking ??= setInterval(() => this.#look(balancer.view()), everyMs).unref();
  }

  /** With the time of the monotonic clock, by which systemd tells this reload from an earlier one. */
  reloading(): void {
    this.#notifier.say('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1_000n}`);
  }

  /** It accepts nothing more, and ends when what is in flight has. */
  stopping(): void {
    clearInterval(this.#looking);
    const extend = `EXTEND_TIMEOUT_USEC=${(this.#drainMs + STOP_GRACE_MS) * 1_000}`;
    this.#notifier.say('STOPPING=1', 'STATUS=finishing what is in flight', extend);
  }

  /** Only a primary whose loop turns comes here, and only one that can serve says that it lives. */
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
