/** control/running-balancer.ts: what can be done with a balancer that runs. */
import type { Config, LogLevel } from '../config/schema.js';
import type { AdminToken } from './admin/token.js';
import type { Journal } from './journal.js';
import type { PoolChanges } from './membership.js';
import type { ReloadPlan } from './reload-plan.js';
import type { ReloadPreview } from './reload-preview.js';
import type { BalancerView } from './view.js';

export interface RunningBalancer extends PoolChanges {
  /** Where it really listens, port 0 resolved. */
  readonly addresses: readonly string[];
  readonly adminAddress: string | undefined;
  /** Settles when the balancer can no longer run; `kill` it then. */
  readonly failed: Promise<Error>;
  /** What happened, and happens. */
  readonly journal: Journal;
  /** What runs, with what operators have changed while it ran. */
  readonly config: Config;
  view(): BalancerView;
  /** The least important kind of line that is logged; may be set. */
  logLevel: LogLevel;
  /**
   * Reads the configuration again and goes on by it. What it does not change is not touched: connections, health, what
   * is in flight. Told in the journal, whatever comes of it.
   * @returns what has changed
   * @throws {ConfigError | UsageError | ReloadError} why nothing has
   */
  reload(): Promise<ReloadPlan>;
  /**
   * @param value a configuration, in the place of the file that was read
   * @returns what a reload of it would change
   * @throws {ConfigError | UsageError} what is wrong with it
   */
  preview(value: unknown): Promise<ReloadPreview>;
  /**
   * Replaces the workers one by one, replacement first. Settles when all of the new ones listen; logs how it ends.
   * @throws {StartError} when a replacement does not start; the old workers that are left go on
   */
  roll(): Promise<void>;
  /**
   * What requests to the admin interface have to show from now on.
   * @throws {StartError} when there is none, and the interface is open to the network
   */
  setAdminToken(token: AdminToken | undefined): void;
  /** The access log's file was rotated: all workers open it again. @returns `false` without such a file */
  reopenAccessLog(): boolean;
  /**
   * Drains: no new connection, what is in flight finishes, everything is released. A second call joins the first.
   * @param withinMs how long that may take, the configuration's `drain` unless given
   */
  close(withinMs?: number): Promise<void>;
  /** Ends all workers and releases everything at once. */
  kill(): void;
}
