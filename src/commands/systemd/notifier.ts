/**
 * commands/systemd/notifier.ts: says something to systemd (sd_notify(3)). That takes a Unix datagram, which Node cannot
 * send, so the program `systemd-notify` does: a short-lived child for each notice, one after the other. It is no process
 * of systemd's own choosing, which is why the unit needs `NotifyAccess=all`.
 */
import { execFile } from 'node:child_process';
import type { Logger } from '../../control/logger.js';

/** One that systemd does not hear in time is given up, in milliseconds. */
const LONGEST_MS = 5_000;
/** Notices that wait behind one that takes long. */
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

  /** Whether a notice is on its way; what is said again and again had better wait for another time. */
  get isBusy(): boolean {
    return this.#busy;
  }

  /** Sends `assignments` (`READY=1`) in one notice, behind those before it. Never fails: what goes wrong is logged once. */
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
    const reason = code === 'ENOENT' ? 'there is no program systemd-notify' : message.trim().replaceAll('\n', '; ');
    this.#logger.warn('systemd could not be told how this service is', { reason });
  }
}
