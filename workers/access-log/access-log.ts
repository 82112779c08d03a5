/**
 * workers/access-log/access-log.ts: the access log of one worker. It formats finished records as lines, hands them to a
 * {@link LogWriter}, and reports to the primary when writing fails and when it works again.
 */
import type { Config } from '../../src/config/schema.js';
import { type FilteredEntry, LogFilter } from '../../src/core/log-filter.js';
import { systemRandom } from '../../src/core/random.js';
import { openLogFile } from '../../src/log-file.js';
import type { ToPrimary } from '../../src/messages.js';
import { chosenFields } from './chosen-fields.js';
import { clfFormat } from './clf-line.js';
import type { ConnectionEntry } from './connection-entry.js';
import type { AccessEntry, LineFormat } from './entry.js';
import { jsonFormat } from './json-line.js';
import { LogWriter } from './log-writer.js';
import { AccessRecord, type RecordKeeper } from './record.js';

/**
 * Calls of {@link AccessLog.tick} without a failure after which `recovered` is reported: a slow disk fails on and off.
 */
const QUIET_TICKS = 5;
/**
 * Time for which a stopping worker waits for its last lines to be written; less than the primary waits for the worker.
 */
const FINISH_MS = 500;

/** The keys of the configuration that an access log is made from. */
export const LOG_KEYS = ['accessLog', 'accessLogFormat', 'accessLogFilter', 'accessLogFields'] as const;
type LogConfig = Pick<Config, (typeof LOG_KEYS)[number]>;
type LogReport = Extract<ToPrimary, { type: 'access-log' }>;

export class AccessLog implements RecordKeeper {
  readonly format: LineFormat;
  private readonly name: string;
  /** Decides which lines are written; `undefined` for all. */
  private readonly filter: LogFilter | undefined;
  private readonly report: (report: LogReport) => void;
  private readonly writer: LogWriter;
  /** Difference of epoch and monotonic milliseconds; updated at each tick, since the system's clock may be set. */
  private epochOffsetMs = 0;
  private opening = false;
  /** {@link reopen} was called while the file was being opened. */
  private openAgain = false;
  /** Lines lost since {@link takeLost} was last called. */
  private lost = 0;
  /** `failing` has been reported, and `recovered` has not. */
  private inTrouble = false;
  private lostInTrouble = 0;
  private quietTicks = 0;

  /**
   * @param worker the worker's slot number, written to every line
   * @param report sends a report to the primary
   * @param random a number from 0 up to and without 1, by which lines are sampled
   */
  constructor(config: LogConfig, worker: number, report: (report: LogReport) => void, random = systemRandom.next) {
    this.name = config.accessLog;
    this.format = formatOf(config, worker);
    this.filter = config.accessLogFilter && new LogFilter(config.accessLogFilter, random);
    this.report = report;
    this.writer = new LogWriter({
      onTrouble: (cause) => this.onTrouble(cause),
      onLost: (lines) => this.onLost(lines),
      onReplaced: () => this.report({ type: 'access-log', event: 'reopened', cause: '', lost: 0 }),
    });
    this.setClock();
    void this.reopen();
  }

  record(): AccessRecord {
    return new AccessRecord(this);
  }

  nowMs(): number {
    return performance.now();
  }

  epochMs(nowMs: number): number {
    return Math.floor(nowMs + this.epochOffsetMs);
  }

  write(entry: AccessEntry & FilteredEntry): void {
    if (this.filter?.keeps(entry) === false) return;
    this.writer.append(this.format.line(entry));
  }

  writeConnection(entry: ConnectionEntry & FilteredEntry): void {
    if (this.filter?.keeps(entry) === false) return;
    this.writer.append(this.format.connection(entry));
  }

  /** Must be called once a second: writes all lines so far, and reports `recovered` when failures have ended. */
  tick(): void {
    this.setClock();
    this.writer.flush();
    if (!this.writer.hasFile) void this.reopen();
    if (!this.inTrouble) return;
    this.quietTicks += 1;
    if (this.quietTicks <= QUIET_TICKS) return;
    this.inTrouble = false;
    this.report({ type: 'access-log', event: 'recovered', cause: '', lost: this.lostInTrouble });
  }

  /** @returns the number of lines lost since the last call */
  takeLost(): number {
    const { lost } = this;
    this.lost = 0;
    return lost;
  }

  /**
   * Opens the file of that name again, after rotation. Never throws: if it cannot be opened, the old file stays in use.
   */
  async reopen(): Promise<void> {
    this.openAgain = this.opening;
    if (this.opening) return;
    this.opening = true;
    do {
      this.openAgain = false;
      await this.open();
    } while (this.openAgain);
    this.opening = false;
  }

  /**
   * Writes the last lines, for {@link FINISH_MS} at most.
   * @param done called with `stuck` true if a write may never end
   */
  close(done: (stuck: boolean) => void): void {
    this.writer.finish(FINISH_MS, done);
  }

  private async open(): Promise<void> {
    try {
      this.writer.use(await openLogFile(this.name));
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      if (this.writer.hasFile) this.report({ type: 'access-log', event: 'not-reopened', cause, lost: 0 });
      else this.onTrouble(cause);
    }
  }

  private setClock(): void {
    this.epochOffsetMs = Date.now() - performance.now();
  }

  private onTrouble(cause: string): void {
    this.quietTicks = 0;
    if (this.inTrouble) return;
    this.inTrouble = true;
    this.lostInTrouble = 0;
    this.report({ type: 'access-log', event: 'failing', cause, lost: 0 });
  }

  private onLost(lines: number): void {
    this.lost += lines;
    this.lostInTrouble += lines;
  }
}

function formatOf({ accessLogFormat, accessLogFields }: LogConfig, worker: number): LineFormat {
  if (accessLogFormat === 'clf') return clfFormat(worker);
  const whole = jsonFormat(worker);
  return accessLogFields === undefined ? whole : chosenFields(whole, accessLogFields, worker);
}
