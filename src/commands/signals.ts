/** commands/signals.ts: what a running balancer does on signals and on errors that nobody handles. */
import type { RunningBalancer } from '../control/balancer.js';
import type { Logger } from '../control/logger.js';
import { ENDED_BY_SECOND_INT, SAME_KEYPRESS_MS } from './program.js';
import type { SystemdService } from './systemd/service.js';

/**
 * Installs the handlers until the process ends. Signals that come before `starting` has settled take effect after that,
 * so that no half-started worker is left behind.
 * @param hasFile whether there is a configuration file for SIGHUP to read again
 * @param systemd gets notices about stops and reloads; `undefined` without a service manager
 */
export function obeySignals(
  starting: Promise<RunningBalancer>,
  logger: Logger,
  hasFile: boolean,
  systemd: SystemdService | undefined,
): void {
  const handler = new SignalHandler(starting, logger, hasFile, systemd);
  process.on('SIGTERM', () => handler.drain('SIGTERM'));
  process.on('SIGINT', () => handler.interrupt());
  process.on('SIGHUP', () => handler.hangUp());
  process.on('SIGUSR1', () => handler.reopen());
  process.on('SIGUSR2', () => handler.roll());
  // Node emits this for unhandled rejections as well.
  process.on('uncaughtException', (error) => handler.die('unhandled error', error));
  starting.then(
    (balancer) => balancer.failed.then((error) => handler.die('cannot go on', error)),
    () => undefined,
  );
}

/** Reacts to signals, whatever state the balancer is in. */
class SignalHandler {
  readonly #starting: Promise<RunningBalancer>;
  readonly #logger: Logger;
  readonly #hasFile: boolean;
  readonly #systemd: SystemdService | undefined;
  #balancer: RunningBalancer | undefined;
  #drainingSince: number | undefined;

  constructor(
    starting: Promise<RunningBalancer>,
    logger: Logger,
    hasFile: boolean,
    systemd: SystemdService | undefined,
  ) {
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
        // A failed start is reported by the caller that awaits it.
        if (this.#balancer !== undefined) this.die('could not stop cleanly', error);
      });
  }

  /** Opens the access log again, also while draining, and reads the configuration again. */
  hangUp(): void {
    // A failed start is reported by the caller that awaits it.
    this.#starting.then(
      (balancer) => void this.#hangUp(balancer),
      () => undefined,
    );
  }

  async #hangUp(balancer: RunningBalancer): Promise<void> {
    const reopens = balancer.reopenAccessLog();
    if (this.#drainingSince !== undefined) return;
    this.#systemd?.reloading();
    // The result of the reload is logged there.
    if (this.#hasFile) await balancer.reload().catch(() => undefined);
    else if (!reopens) this.#logger.info('nothing to reload without a config file', { signal: 'SIGHUP' });
    if (this.#drainingSince === undefined) this.#systemd?.ready(balancer);
  }

  /** Opens the access log again, also while draining. */
  reopen(): void {
    // A failed start is reported by the caller that awaits it.
    this.#starting.then(
      (balancer) => {
        if (!balancer.reopenAccessLog()) this.#logger.info('no access log to open again', { signal: 'SIGUSR1' });
      },
      () => undefined,
    );
  }

  roll(): void {
    if (this.#drainingSince !== undefined) return;
    // The result is logged there; a failed start is reported by the caller that awaits it.
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
