/**
 * workers/access-log/access-log.ts: the access log of one worker: records become lines, lines go to a writer, and the
 * primary is told when that goes wrong and when it is well again.
 */
import type { Config } from '../../src/config/schema.js';
import { openLogFile } from '../../src/log-file.js';
import type { ToPrimary } from '../../src/messages.js';
import { clfFormat } from './clf-line.js';
import type { AccessEntry, LineFormat } from './entry.js';
import { jsonFormat } from './json-line.js';
import { LogWriter } from './log-writer.js';
import { AccessRecord, type RecordKeeper } from './record.js';

/** Calls of {@link AccessLog.tick} without trouble after which it is over: a disk that is just too slow comes and goes. */
const QUIET_TICKS = 5;
/** What a stopping worker waits for its last lines, in milliseconds; less than the primary waits for the worker. */
const FINISH_MS = 500;

export type AccessLogReport = Extract<ToPrimary, { type: 'access-log' }>;

export class AccessLog implements RecordKeeper {
  readonly format: LineFormat;
  private readonly name: string;
  private readonly report: (report: AccessLogReport) => void;
  private readonly writer: LogWriter;
  /** What to add to monotonic milliseconds; set again with each tick, since clocks are set. */
  private epochOffsetMs = 0;
  private opening = false;
  private openAgain = false;
  /** Lines lost since {@link takeLost}. */
  private lost = 0;
  private inTrouble = false;
  private lostInTrouble = 0;
  private quietTicks = 0;

  /** @param worker its number, which every line names */
  constructor({ accessLog, accessLogFormat }: Config, worker: number, report: (report: AccessLogReport) => void) {
    this.name = accessLog;
    this.format = accessLogFormat === 'json' ? jsonFormat(worker) : clfFormat(worker);
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

  write(entry: AccessEntry): void {
    this.writer.append(this.format.line(entry));
  }

  /** Once a second: writes what there is, however little. */
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

  /** @returns lines lost since the last call */
  takeLost(): number {
    const { lost } = this;
    this.lost = 0;
    return lost;
  }

  /** Opens the file by its name again, which rotation has given to a new one. Never fails: then the old one stays. */
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

  /** Writes the last lines, or gives up soon. @param done `stuck` when a write may never end */
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
