/**
 * control/access-log.ts: the access log as the primary sees it. The workers write it; here it is made sure at the start
 * that they can, and said once, for all of them, when they cannot any more and when they can again.
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
 * Makes sure that the file can be opened. To be closed when the workers have it too: the reader of a pipe would take a
 * moment without a writer for its end.
 * @throws {StartError} when it cannot
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
  /** Workers whose lines wait or get lost, by their ids. */
  readonly #failing = new Set<number>();
  /** Lines lost since the first of them began. */
  #lost = 0;
  /** It was said already that the new file did not open. */
  #refusalSaid = false;

  constructor(config: CurrentConfig<'accessLog'>, logger: Logger) {
    this.#config = config;
    this.#logger = logger;
  }

  /** Another configuration runs: a refusal may be about another file from now on. */
  configured(): void {
    this.#refusalSaid = false;
  }

  /**
   * The file was rotated.
   * @param tellWorkers has each of them open it again
   * @returns `false` when there is nothing that could be
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
