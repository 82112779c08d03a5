/**
 * control/worker-reports.ts: who is told what workers say and when they come and go: each kind of report goes to the
 * one part that handles it.
 */

import { HASHES } from '../core/hash.js';
import { systemRandom } from '../core/random.js';
import { unreachable } from '../core/unreachable.js';
import type { ToPrimary } from '../messages.js';
import { RateLedger } from '../routing/rate-ledger.js';
import type { AccessLogs } from './access-log.js';
import type { ChallengeBoard } from './acme/challenge-board.js';
import type { Broadcaster } from './broadcaster.js';
import type { Counters } from './counters.js';
import { DrainedLog } from './drained-log.js';
import { FloodLog } from './flood-log.js';
import type { Journal } from './journal.js';
import { LineLimit } from './line-limit.js';
import type { Logger } from './logger.js';
import { monotonicMs } from './monotonic.js';
import { OverloadLog } from './overload-log.js';
import type { PermitLender } from './permit-lender.js';
import type { Pools } from './pools.js';
import type { WorkerObserver, WorkerReport } from './supervisor.js';
import { isDrained } from './view.js';
import type { WorkerProcess } from './worker-process.js';

export interface WorkerReportsParts {
  readonly board: ChallengeBoard;
  readonly pools: Pools;
  readonly broadcaster: Broadcaster;
  readonly permits: PermitLender;
  readonly accessLogs: AccessLogs;
  readonly journal: Journal;
  readonly logger: Logger;
}

export class WorkerReports implements WorkerObserver {
  readonly #parts: WorkerReportsParts;
  readonly #overloads: OverloadLog;
  readonly #drained: DrainedLog;
  readonly #floods: FloodLog;
  /** Lines that workers can cause. */
  readonly #lines: LineLimit;
  readonly #rates = new RateLedger(systemRandom.below(HASHES));

  constructor(parts: WorkerReportsParts) {
    this.#parts = parts;
    this.#overloads = new OverloadLog(parts.journal, monotonicMs);
    this.#drained = new DrainedLog(parts.journal);
    this.#lines = new LineLimit(parts.logger);
    this.#floods = new FloodLog(parts.logger, monotonicMs);
    parts.pools.updates.subscribe((update) => {
      if (update.type === 'change') this.#drained.heed(update.change);
    });
  }

  welcome(worker: WorkerProcess): void {
    this.#parts.permits.welcome(worker);
    this.#parts.broadcaster.welcome(worker);
    this.#parts.board.welcome(worker);
  }

  caughtUp({ id }: WorkerProcess): void {
    this.#parts.broadcaster.resyncAll(id);
    this.#parts.permits.caughtUp(id);
    this.#parts.board.caughtUp(id);
  }

  left({ id }: WorkerProcess): void {
    const { board, broadcaster, permits, pools, accessLogs } = this.#parts;
    broadcaster.leave(id);
    board.leave(id);
    permits.leave(id);
    pools.workerLeft(id);
    accessLogs.leave(id);
    this.#overloads.leave(id);
  }

  report(worker: WorkerProcess, report: WorkerReport, workers: ReadonlySet<WorkerProcess>): void {
    const { broadcaster, pools, accessLogs } = this.#parts;
    switch (report.type) {
      case 'applied':
        return broadcaster.acknowledge(worker.id, report.pool, report.version);
      case 'resync':
        return broadcaster.resync(worker.id, report.pool);
      case 'failing':
        return pools.failing(worker.id, report);
      case 'fault':
        return pools.fault(report);
      case 'suspect':
        return pools.suspect(report);
      case 'counters':
        return this.#counted(worker, report, workers);
      case 'access-log':
        return accessLogs.report(worker, report);
      case 'borrow':
        return this.#lend(worker, report, workers.size);
      case 'challenges-known':
        return this.#parts.board.known(worker.id, report.serial);
      case 'permits':
        return this.#parts.permits.report(worker, report.reports);
      default:
        return unreachable(report);
    }
  }

  #lend(worker: WorkerProcess, { asks }: Extract<ToPrimary, { type: 'borrow' }>, workerCount: number): void {
    const grants = this.#rates.answer(asks, workerCount, monotonicMs());
    if (grants.length > 0) worker.send({ type: 'lend', grants });
  }

  #counted(worker: WorkerProcess, counters: Counters, workers: ReadonlySet<WorkerProcess>): void {
    const { broadcaster, pools } = this.#parts;
    // A channel keeps order, so these counters were taken with the versions that the worker acknowledged last.
    const versionOf = (pool: string): number => broadcaster.acknowledged(worker.id, pool) ?? 0;
    if (!pools.stats.record(worker.id, counters, versionOf)) {
      this.#lines.log('warn', 'counters dropped', { worker: worker.slot });
      return;
    }
    this.#overloads.counted(worker, counters);
    this.#floods.counted(counters.floods);
    this.#drained.look((name, id) => {
      const pool = pools.byName.get(name);
      const backend = pool?.backend(id);
      return pool && backend && isDrained(pool, backend, { pools, workers });
    });
  }
}
