/** control/running-balancer.ts: what the program that has started a balancer can do with it. */
import type { Config, LogLevel } from '../config/schema.js';
import type { AdminTokens } from './admin/token.js';
import type { Journal } from './journal.js';
import type { MaintenanceTarget } from './maintenance.js';
import type { PoolChanges } from './membership.js';
import type { ReloadPlan } from './reload-plan.js';
import type { ReloadPreview } from './reload-preview.js';
import type { CertificateView } from './tls/certificates.js';
import type { BalancerView } from './view.js';

export interface RunningBalancer extends PoolChanges {
  /** Where it really listens, port 0 resolved. */
  readonly addresses: readonly string[];
  readonly adminAddress: string | undefined;
  /** Where metrics can be had without the admin interface. */
  readonly metricsAddress: string | undefined;
  /** Settles when the balancer can no longer run; `kill` it then. */
  readonly failed: Promise<Error>;
  /** The events of this balancer. */
  readonly journal: Journal;
  /** The running configuration, with what operators have changed while it ran. */
  readonly config: Config;
  view(): BalancerView;
  /** Switches maintenance on or off. @throws {ChangeError} when there is no such route or pool, or both are named */
  maintain(target: MaintenanceTarget, on: boolean): void;
  /** The least severe level that is logged; may be set. */
  logLevel: LogLevel;
  /**
   * Reads the configuration again and applies the difference. Nothing else is touched: connections, health, requests in
   * flight. The outcome is noted in the journal.
   * @returns what has changed
   * @throws {ConfigError | UsageError | ReloadError} why nothing has changed
   */
  reload(): Promise<ReloadPlan>;
  /**
   * Reads the files of certificates again. One that cannot be used leaves the one before in use.
   * @returns the certificates that are in use now
   */
  reloadCertificates(): Promise<readonly CertificateView[]>;
  /**
   * Plans a reload without applying it.
   * @param value a configuration, in place of the file that was read
   * @returns what a reload of it would change
   * @throws {ConfigError | UsageError} what is wrong with it
   */
  preview(value: unknown): Promise<ReloadPreview>;
  /**
   * Replaces the workers one by one, replacement first. Settles when all replacements listen; the outcome is logged.
   * @throws {StartError} when a replacement does not start; the old workers that are left go on
   */
  roll(): Promise<void>;
  /**
   * Sets the tokens that requests to the admin interface have to show from now on.
   * @throws {StartError} when there is none, and the interface is open to the network
   */
  setAdminTokens(tokens: AdminTokens): void;
  /** Has all workers open the access log again, after it was rotated. @returns `false` where there is no such file */
  reopenAccessLog(): boolean;
  /**
   * Says that the balancer is not ready any more and refuses reloads, and goes on to serve for `stopDelay`. A second
   * call joins the first.
   * @returns settled when that time is over or skipped
   */
  announceStop(): Promise<void>;
  /** Ends a stop delay that is under way. */
  skipStopDelay(): void;
  /**
   * Stops accepting, lets requests in flight finish, and releases everything. A second call joins the first.
   * @param withinMs how long that may take; the configuration's `drain` unless given
   */
  close(withinMs?: number): Promise<void>;
  /** Ends all workers and releases everything at once. */
  kill(): void;
}
