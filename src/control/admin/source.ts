/** control/admin/source.ts: the balancer as the admin interface uses it. Implemented by the primary, and by tests. */
import type { Config, LogLevel } from '../../config/schema.js';
import type { Maintenance } from '../../core/maintenance.js';
import type { Journal } from '../journal.js';
import type { MaintenanceTarget } from '../maintenance.js';
import type { PoolChanges } from '../membership.js';
import type { Readings } from '../metrics/readings.js';
import type { ReloadPlan } from '../reload-plan.js';
import type { ReloadPreview } from '../reload-preview.js';
import type { RollView } from '../rolls.js';
import type { Saved } from '../state-file.js';
import type { CertificateView } from '../tls/certificates.js';
import type { BackendView, BalancerView, PoolHead, PoolView } from '../view.js';

/** Configuration, log level and workers of the balancer. */
export interface Operating {
  /** The current configuration, with what operators have changed at run time. */
  readonly config: Config;
  logLevel: LogLevel;
  /** State of the rolling replacement of the workers that is under way, or of the last one. */
  readonly rolls: RollView;
  /** Replaces the workers one by one. @throws {StartError} when a replacement does not start */
  roll(): Promise<void>;
}

/** The certificates that are shown to clients. */
export interface ServingCertificates {
  readonly certificates: readonly CertificateView[];
  /** Reads their files again. @returns those in use now */
  reloadCertificates(): Promise<readonly CertificateView[]>;
}

export interface Reloading {
  /** Reads the configuration file again. @throws {ConfigError | UsageError | ReloadError} why nothing has changed */
  reload(): Promise<ReloadPlan>;
  /** What a reload of `value` would change. @throws {ConfigError | UsageError} when it is no valid configuration */
  preview(value: unknown): Promise<ReloadPreview>;
}

/**
 * All that the admin interface shows and changes. There are views of one pool and of one backend because the whole view
 * of a balancer with large pools takes longer to make than a change.
 */
export interface AdminSource extends PoolChanges, Operating, Reloading, ServingCertificates {
  readonly journal: Journal;
  view(): BalancerView;
  /** The values that `GET /metrics` shows. */
  readings(): Readings;
  /** @returns the reasons not to send traffic here, one line each; empty when the balancer is ready */
  notReady(): readonly string[];
  /** What is in maintenance. */
  readonly maintenance: Maintenance;
  /** Switches maintenance on or off. @throws {ChangeError} when there is no such route or pool */
  maintain(target: MaintenanceTarget, on: boolean): void;
  /**
   * Resolves when changes are written to the state file, or cannot be; with `undefined` where there is no state file.
   */
  saved(): Promise<Saved | undefined>;
  /** @throws {ChangeError} when there is no such pool */
  pool(name: string): PoolView;
  /** @throws {ChangeError} when there is no such pool */
  poolHead(name: string): PoolHead;
  /** @throws {ChangeError} when there is no such pool or backend */
  backend(pool: string, id: string): BackendView;
}
