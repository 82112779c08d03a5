/**
 * control/access-log.ts: the primary's side of the access log, which the workers write. It makes sure at the start that
 * the file opens, and logs once for all workers when they cannot write it and when they can again.
 */
import type { Config } from '../config/schema.js';
import { type LogFile, openLogFile, STANDARD_OUTPUT } from '../log-file.js';
import type { ToPrimary } from '../messages.js';
import { StartError } from './errors.js';
import type { Logger } from './logger.js';
import type { CurrentConfig } from './running-config.js';
import type { WorkerProcess } from './worker-process.js';

export type AccessLogReport = Extract<ToPrimary, { type: 'access-log' }>;

/**
 * Opens the access log to make sure that the workers can. Close it only when they have it open too: a moment without a
 * writer would look like the end of the log to the reader of a pipe.
 * @returns `undefined` where the access log is off
 * @throws {StartError} when the file cannot be opened
 */
export async function tryAccessLog({ accessLog }: Config): Promise<LogFile | undefined> {
  if (accessLog === 'off') return undefined;
  try {
    return await openLogFile(accessLog);
  } catch (error) {
    throw new StartError(`Cannot open the access log ${accessLog}: ${error instanceof Error ? error.message : error}`);
  }
}

export class AccessLogs {
  readonly #config: CurrentConfig<'accessLog'>;
  readonly #logger: Logger;
  /** Ids of the workers whose lines wait in memory or get lost. */
  readonly #failing = new Set<number>();
  /** Lines lost since the first of these workers began to fail. */
  #lost = 0;
  /** Whether it was already logged that the file did not open again. */
  #refusalSaid = false;

  constructor(config: CurrentConfig<'accessLog'>, logger: Logger) {
    this.#config = config;
    this.#logger = logger;
  }

  /** Takes note of another configuration: a file that does not open is logged again, as it may be another one. */
  configured(): void {
    this.#refusalSaid = false;
  }

  /**
   * Opens a rotated log again.
   * @param tellWorkers has every worker open it again
   * @returns `false` where the log is off or is standard output
   */
  reopen(tellWorkers: () => void): boolean {
    if (this.#file === 'off' || this.#file === STANDARD_OUTPUT) return false;
    this.#refusalSaid = false;
    this.#logger.info('opening the access log again', { file: this.#file });
    tellWorkers();
    return true;
  }

  report({ id, slot }: Pick<WorkerProcess, 'id' | 'slot'>, { event, cause: reason, lost }: AccessLogReport): void {
    const file = this.#file;
    switch (event) {
      case 'failing':
        if (this.#failing.size === 0)
          this.#logger.error('the access log is not written; lines may be lost', { file, reason });
        this.#failing.add(id);
        return;
      case 'recovered':
        this.#lost += lost;
        return this.#recover(id);
      case 'reopened':
        this.#logger.info('the access log was opened again', { file, worker: slot });
        return;
      case 'not-reopened':
        if (!this.#refusalSaid)
          this.#logger.warn('the access log was not opened again; the old file stays', { file, reason });
        this.#refusalSaid = true;
        return;
    }
  }

  leave(workerId: number): void {
    this.#recover(workerId);
  }

  get #file(): string {
    return this.#config.current.accessLog;
  }

  #recover(workerId: number): void {
    if (!this.#failing.delete(workerId) || this.#failing.size > 0) return;
    this.#logger.info('the access log is written again', { file: this.#file, lost: this.#lost });
    this.#lost = 0;
  }
}
