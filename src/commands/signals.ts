/** commands/signals.ts: what a running balancer does on signals and on errors that nobody handles. */
import type { RunningBalancer } from '../control/balancer.js';
import type { Logger } from '../control/logger.js';
import { ENDED_BY_SECOND_INT, SAME_KEYPRESS_MS } from './program.js';
import type { SystemdService } from './systemd/service.js';

/** Time past `drain` after which a stop that has not come to its end is ended by force, in milliseconds. */
const STOP_GRACE_MS = 1_700;
/** Pause between two looks at whether the threads rest, in milliseconds. */
const LOOK_AGAIN_MS = 20;
/** Kinds of work on threads that Node waits for when a process exits: files, names, programs of the configuration. */
const ON_THREADS = /^(FSReq|GetAddrInfo|MessagePort)/;

export interface Obeyed {
  /** Whether there is a configuration file for SIGHUP to read again. */
  readonly hasFile: boolean;
  /** `drain` of the configuration at the start, which counts until the balancer has started. */
  readonly drainMs: number;
  /** Gets notices about stops and reloads; `undefined` without a service manager. */
  readonly systemd: SystemdService | undefined;
}

/**
 * Installs the handlers until the process ends. Signals that come before `starting` has settled take effect after that,
 * so that no half-started worker is left behind. A stop ends the process within `stopDelay`, `drain` and two seconds.
 */
export function obeySignals(starting: Promise<RunningBalancer>, logger: Logger, obeyed: Obeyed): void {
  const handler = new SignalHandler(starting, logger, obeyed);
  process.on('SIGTERM', () => handler.terminate());
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
  readonly #drainMs: number;
  readonly #systemd: SystemdService | undefined;
  #balancer: RunningBalancer | undefined;
  /** The part of a stop that is under way, and since when, by the monotonic clock; `undefined` without a stop. */
  #stop: { readonly part: 'delay' | 'drain'; readonly sinceMs: number } | undefined;
  #forcing: NodeJS.Timeout | undefined;

  constructor(starting: Promise<RunningBalancer>, logger: Logger, { hasFile, drainMs, systemd }: Obeyed) {
    this.#drainMs = drainMs;
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
    if (this.#stop === undefined) return this.#begin('SIGINT');
    if (performance.now() - this.#stop.sinceMs < SAME_KEYPRESS_MS) return;
    if (this.#stop.part === 'delay') return this.#skipDelay('SIGINT');
    this.#logger.warn('ending at once', { signal: 'SIGINT' });
    this.#end(ENDED_BY_SECOND_INT);
  }

  terminate(): void {
    if (this.#stop === undefined) return this.#begin('SIGTERM');
    // A program that has started this one may pass on what it was sent together with it.
    if (performance.now() - this.#stop.sinceMs < SAME_KEYPRESS_MS) return;
    if (this.#stop.part === 'delay') this.#skipDelay('SIGTERM');
  }

  /** Begins a stop: with its delay if the balancer serves already, otherwise with the drain. */
  #begin(signal: NodeJS.Signals): void {
    const { stopDelay = 0 } = this.#balancer?.config ?? {};
    if (this.#balancer === undefined || stopDelay === 0) return this.#drain(signal);
    this.#enter('delay');
    this.#forceIn(stopDelay);
    this.#systemd?.stopping(stopDelay);
    void this.#balancer.announceStop().then(() => this.#drain(signal));
  }

  #skipDelay(signal: NodeJS.Signals): void {
    this.#logger.info('stop delay is skipped', { signal });
    this.#balancer?.skipStopDelay();
  }

  #drain(signal: NodeJS.Signals): void {
    this.#enter('drain');
    this.#forceIn(0);
    this.#logger.info('draining', { signal });
    this.#systemd?.stopping(0);
    this.#starting
      .then((balancer) => balancer.close())
      .then(() => {
        this.#logger.info('stopped');
        exitWhenThreadsRest();
      })
      .catch((error: unknown) => {
        // A failed start is reported by the caller that awaits it.
        if (this.#balancer !== undefined) this.die('could not stop cleanly', error);
      });
  }

  #enter(part: 'delay' | 'drain'): void {
    this.#stop = { part, sinceMs: performance.now() };
  }

  /** Ends the stop by force when it is due, in place of an earlier time. @param delayMs what is left of the delay */
  #forceIn(delayMs: number): void {
    clearTimeout(this.#forcing);
    const drainMs = this.#balancer?.config.drain ?? this.#drainMs;
    this.#forcing = setTimeout(() => this.#force(), delayMs + drainMs + STOP_GRACE_MS);
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
    if (this.#stop !== undefined) return;
    this.#systemd?.reloading();
    // The result of the reload is logged there.
    if (this.#hasFile) await balancer.reload().catch(() => undefined);
    else await this.#hangUpWithoutFile(balancer, reopens);
    if (this.#stop === undefined) this.#systemd?.ready(balancer);
  }

  /** Certificates may be given by flags. */
  async #hangUpWithoutFile(balancer: RunningBalancer, reopens: boolean): Promise<void> {
    const certificates = await balancer.reloadCertificates().catch(() => []);
    if (certificates.length > 0 || reopens) return;
    this.#logger.info('nothing to reload without a config file', { signal: 'SIGHUP' });
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
    if (this.#stop !== undefined) return;
    // The result is logged there; a failed start is reported by the caller that awaits it.
    this.#starting.then((balancer) => balancer.roll()).catch(() => undefined);
  }

  die(what: string, error: unknown): void {
    this.#logger.error(what, { reason: reasonOf(error), stack: error instanceof Error ? error.stack : undefined });
    this.#end(1);
  }

  /** Ends a stop that hangs, as on a disk that does not answer. */
  #force(): void {
    this.#logger.warn('did not stop in time and ends at once');
    this.#balancer?.kill();
    endByForce();
  }

  #end(code: number): void {
    this.#balancer?.kill();
    process.exit(code);
  }
}

/** Exits with code 0 once no thread has work. An exit before that waits for the threads, and no timer could end it. */
function exitWhenThreadsRest(): void {
  if (!areThreadsBusy()) process.exit(0);
  setTimeout(exitWhenThreadsRest, LOOK_AGAIN_MS);
}

function areThreadsBusy(): boolean {
  return process.getActiveResourcesInfo().some((kind) => ON_THREADS.test(kind));
}

function endByForce(): void {
  process.kill(process.pid, 'SIGKILL');
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
