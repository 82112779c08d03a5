/** control/admin/source.ts: what the admin interface needs of a balancer. The primary is one; tests have their own. */
import type { Config, LogLevel } from '../../config/schema.js';
import type { Journal } from '../journal.js';
import type { PoolChanges } from '../membership.js';
import type { Readings } from '../metrics/readings.js';
import type { ReloadPlan } from '../reload-plan.js';
import type { ReloadPreview } from '../reload-preview.js';
import type { RollView } from '../rolls.js';
import type { Saved } from '../state-file.js';
import type { BackendView, BalancerView, PoolHead, PoolView } from '../view.js';

/** The balancer as a whole. */
export interface Operating {
  /** The configuration that runs, with what operators have changed while it ran. */
  readonly config: Config;
  logLevel: LogLevel;
  /** How far the replacement of the workers is, or how the last one ended. */
  readonly rolls: RollView;
  /** Replaces the workers one by one. @throws {StartError} when a replacement does not start */
  roll(): Promise<void>;
}

export interface Reloading {
  /** @throws {ConfigError | UsageError | ReloadError} why nothing has changed */
  reload(): Promise<ReloadPlan>;
  /** @throws {ConfigError | UsageError} what is wrong with `value`, a configuration */
  preview(value: unknown): Promise<ReloadPreview>;
}

/**
 * What the admin interface shows and changes. The whole view of a large pool takes longer than a change of it, so
 * there are smaller ones.
 */
export interface AdminSource extends PoolChanges, Operating, Reloading {
  readonly journal: Journal;
  view(): BalancerView;
  /** What `GET /metrics` is made from. */
  readings(): Readings;
  /** @returns why no traffic should be sent here, one line each; empty when it is ready */
  notReady(): readonly string[];
  /** @returns settled when what was changed is on disk or could not be put there; `undefined` without a state file */
  saved(): Promise<Saved | undefined>;
  /** @throws {ChangeError} when there is none of that name */
  pool(name: string): PoolView;
  /** @throws {ChangeError} when there is none of that name */
  poolHead(name: string): PoolHead;
  /** @throws {ChangeError} when there is none */
  backend(pool: string, id: string): BackendView;
}
