/** commands/signals.ts: what a running balancer does when the system, a person or a defect speaks to it. */
import type { Balancer } from '../control/balancer.js';
import type { Logger } from '../control/logger.js';
import { ENDED_BY_SECOND_INT, SAME_KEYPRESS_MS } from './program.js';
import type { SystemdService } from './systemd/service.js';

/**
 * Installs the handlers for the rest of this process's life. Signals that come before `starting` has settled take
 * effect then, so no half-started worker is left behind.
 * @param hasFile whether there is a configuration that SIGHUP can have read again, beside a new access log
 * @param systemd is told what follows from a signal; `undefined` where nobody asked for that
 */
export function obeySignals(
  starting: Promise<Balancer>,
  logger: Logger,
  hasFile: boolean,
  systemd: SystemdService | undefined,
): void {
  const life = new Life(starting, logger, hasFile, systemd);
  process.on('SIGTERM', () => life.drain('SIGTERM'));
  process.on('SIGINT', () => life.interrupt());
  process.on('SIGHUP', () => life.hangUp());
  process.on('SIGUSR2', () => life.roll());
  // Also called for a rejected promise that nobody handles.
  process.on('uncaughtException', (error) => life.die('unhandled error', error));
  starting.then(
    (balancer) => balancer.failed.then((error) => life.die('cannot go on', error)),
    () => undefined,
  );
}

class Life {
  readonly #starting: Promise<Balancer>;
  readonly #logger: Logger;
  readonly #hasFile: boolean;
  readonly #systemd: SystemdService | undefined;
  #balancer: Balancer | undefined;
  #drainingSince: number | undefined;

  constructor(starting: Promise<Balancer>, logger: Logger, hasFile: boolean, systemd: SystemdService | undefined) {
    this.#starting = starting;
    this.#logger = logger;
    this.#hasFile = hasFile;
    this.#systemd = systemd;
    starting.then(
      (balancer) => {
        this.#balancer = balancer;
      },
      () => undefined,
    );
  }

  interrupt(): void {
    if (this.#drainingSince === undefined) return this.drain('SIGINT');
    if (performance.now() - this.#drainingSince < SAME_KEYPRESS_MS) return;
    this.#logger.warn('ending at once', { signal: 'SIGINT' });
    this.#end(ENDED_BY_SECOND_INT);
  }

  drain(signal: NodeJS.Signals): void {
    if (this.#drainingSince !== undefined) return;
    this.#drainingSince = performance.now();
    this.#logger.info('draining', { signal });
    this.#systemd?.stopping();
    this.#starting
      .then((balancer) => balancer.close())
      .then(() => {
        this.#logger.info('stopped');
        process.exit(0);
      })
      .catch((error: unknown) => {
        // Whoever awaits the start itself reports why it failed.
        if (this.#balancer !== undefined) this.die('could not stop cleanly', error);
      });
  }

  /** Opens the access log again, also while draining, and reads the configuration again. */
  hangUp(): void {
    // Whoever awaits the start itself reports why it failed.
    this.#starting.then(
      (balancer) => void this.#hangUp(balancer),
      () => undefined,
    );
  }

  async #hangUp(balancer: Balancer): Promise<void> {
    const reopens = balancer.reopenAccessLog();
    if (this.#drainingSince !== undefined) return;
    this.#systemd?.reloading();
    // What comes of it is told in the log.
    if (this.#hasFile) await balancer.reload().catch(() => undefined);
    else if (!reopens) this.#logger.info('nothing to reload without a config file', { signal: 'SIGHUP' });
    if (this.#drainingSince === undefined) this.#systemd?.ready(balancer);
  }

  roll(): void {
    if (this.#drainingSince !== undefined) return;
    // How it ends is logged there; whoever awaits the start itself reports why that failed.
    this.#starting.then((balancer) => balancer.roll()).catch(() => undefined);
  }

  die(what: string, error: unknown): void {
    this.#logger.error(what, { reason: reasonOf(error), stack: error instanceof Error ? error.stack : undefined });
    this.#end(1);
  }

  #end(code: number): void {
    this.#balancer?.kill();
    process.exit(code);
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
