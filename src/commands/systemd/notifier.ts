/**
 * commands/systemd/notifier.ts: sends notices to systemd (sd_notify(3)). They are Unix datagrams, which Node cannot
 * send, so the program `systemd-notify` does, a short-lived child process for each notice. Since that is not the main
 * process of the service, the unit needs `NotifyAccess=all`.
 */
import { execFile } from 'node:child_process';
import type { Logger } from '../../control/logger.js';

/** Time limit of one notice. */
const LONGEST_MS = 5_000;
/** Most notices that wait behind one that takes long; further ones are dropped. */
const MOST_WAITING = 8;

export class Notifier {
  readonly #environment: NodeJS.ProcessEnv;
  readonly #logger: Logger;
  readonly #waiting: (readonly string[])[] = [];
  #busy = false;
  #hasFailed = false;

  /** @param socket as `NOTIFY_SOCKET` names it: a path, or `@name` */
  constructor(socket: string, logger: Logger) {
    this.#environment = { ...process.env, NOTIFY_SOCKET: socket };
    this.#logger = logger;
  }

  /** Whether a notice is being sent; a periodic notice had better be skipped then. */
  get isBusy(): boolean {
    return this.#busy;
  }

  /** Sends `assignments` (`READY=1`) in one notice, after earlier ones. Never throws: the first failure is logged. */
  say(...assignments: readonly string[]): void {
    if (this.#waiting.length >= MOST_WAITING) return;
    this.#waiting.push(assignments);
    if (!this.#busy) this.#next();
  }

  #next(): void {
    const assignments = this.#waiting.shift();
    this.#busy = assignments !== undefined;
    if (assignments === undefined) return;
    const options = { env: this.#environment, timeout: LONGEST_MS };
    execFile('systemd-notify', [...assignments], options, (error) => {
      if (error !== null) this.#failed(error);
      this.#next();
    });
  }

  #failed({ code, message }: Error & { readonly code?: unknown }): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    const reason =
      code === 'ENOENT' ? 'the program systemd-notify was not found' : message.trim().replaceAll('\n', '; ');
    this.#logger.warn('could not send a notice to systemd', { reason });
  }
}
