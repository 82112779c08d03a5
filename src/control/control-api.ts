/**
 * control/control-api.ts: everything that can be looked at and changed while a balancer runs. The admin interface and
 * the program that runs the balancer both use it.
 */
import * as z from 'zod';
import { ConfigValue, configOf } from '../config/load.js';
import { type Config, LOG_LEVELS, type LogLevel } from '../config/schema.js';
import type { Maintenance } from '../core/maintenance.js';
import { VERSION } from '../version.js';
import type { Acme } from './acme/acme.js';
import type { AdminSource } from './admin/source.js';
import type { AdminCounts } from './admin-endpoint.js';
import type { Journal } from './journal.js';
import type { Logger } from './logger.js';
import type { MaintenanceSwitch, MaintenanceTarget } from './maintenance.js';
import { type BackendInput, type BackendPatch, backendIdOf, backendIn } from './membership.js';
import { type Readings, readingsFrom } from './metrics/readings.js';
import type { Reconfiguration } from './reconfiguration.js';
import type { ReloadPlan } from './reload-plan.js';
import type { ReloadPreview } from './reload-preview.js';
import { type ConfigSource, Reloads } from './reloads.js';
import type { Rolls, RollView } from './rolls.js';
import type { RuntimeChanges } from './runtime-changes.js';
import type { Saved } from './state-file.js';
import type { StopDelay } from './stop-delay.js';
import type { CertificateRefresh } from './tls/certificate-refresh.js';
import type { CertificateView } from './tls/certificates.js';
import {
  type BackendView,
  type BalancerView,
  backendView,
  groupView,
  notReadyReasons,
  type PoolHead,
  type PoolView,
  poolHead,
  poolView,
  type ViewSources,
  viewOf,
  workerViews,
} from './view.js';

export interface ControlApiParts {
  readonly acme: Acme;
  readonly admin: AdminCounts;
  readonly stopDelay: Pick<StopDelay, 'hasBegun'>;
  readonly sources: ViewSources & { readonly maintenance: MaintenanceSwitch };
  readonly changes: RuntimeChanges;
  readonly reconfiguration: Reconfiguration;
  readonly refresh: CertificateRefresh;
  readonly rolls: Rolls;
  /** Where the configuration was read; without it there are no reloads. */
  readonly source: ConfigSource | undefined;
  readonly journal: Journal;
  readonly logger: Logger;
}

const logLevelSchema = z.enum(LOG_LEVELS);

export class ControlApi implements AdminSource {
  readonly journal: Journal;
  readonly #parts: ControlApiParts;
  readonly #reloads: Reloads;

  constructor(parts: ControlApiParts) {
    this.#parts = parts;
    this.journal = parts.journal;
    this.#reloads = new Reloads(parts);
  }

  view(): BalancerView {
    return viewOf(this.#parts.sources);
  }

  readings(): Readings {
    const { sources, admin } = this.#parts;
    return readingsFrom(sources, workerViews(sources), admin, VERSION);
  }

  notReady(): readonly string[] {
    const { sources, stopDelay } = this.#parts;
    return notReadyReasons(sources.pools, sources.supervisor.workers, stopDelay.hasBegun);
  }

  pool(name: string): PoolView {
    return poolView(this.#membership.pool(name), this.#parts.sources);
  }

  poolHead(name: string): PoolHead {
    return poolHead(this.#membership.pool(name));
  }

  backend(poolName: string, id: string): BackendView {
    const pool = this.#membership.pool(poolName);
    const { groups } = this.#parts.sources.pools;
    const name = groups.standIn(pool, backendIdOf(id));
    if (name !== undefined) return groupView(pool, name, this.#parts.sources);
    return backendView(pool, backendIn(pool, id), this.#parts.sources);
  }

  addBackend(pool: string, backend: BackendInput): number {
    return this.#changed(this.#backends.addBackend(pool, backend));
  }

  removeBackend(pool: string, id: string): number {
    return this.#changed(this.#backends.removeBackend(pool, id));
  }

  updateBackend(pool: string, id: string, patch: BackendPatch): number {
    return this.#changed(this.#backends.updateBackend(pool, id, patch));
  }

  get maintenance(): Maintenance {
    return this.#parts.sources.maintenance.state;
  }

  maintain(target: MaintenanceTarget, on: boolean): void {
    this.#parts.sources.maintenance.set(target, on);
    void this.#parts.changes.save();
  }

  saved(): Promise<Saved | undefined> {
    return this.#parts.changes.save();
  }

  get config(): Config {
    return { ...this.#parts.changes.effective, logLevel: this.logLevel };
  }

  reload(): Promise<ReloadPlan> {
    return this.#reloads.run();
  }

  async preview(value: unknown): Promise<ReloadPreview> {
    const { source, reconfiguration } = this.#parts;
    const next = (await source?.complete(value)) ?? configOf({ backends: [] }, {}, new ConfigValue(value, ''));
    return reconfiguration.preview(next);
  }

  get certificates(): readonly CertificateView[] {
    return this.#parts.sources.certificates.view();
  }

  async reloadCertificates(): Promise<readonly CertificateView[]> {
    await this.#parts.refresh.run();
    this.#parts.acme.follow();
    return this.certificates;
  }

  roll(): Promise<void> {
    return this.#parts.rolls.roll();
  }

  get rolls(): RollView {
    return this.#parts.rolls.view;
  }

  get logLevel(): LogLevel {
    return logLevelSchema.parse(this.#parts.logger.level);
  }

  set logLevel(level: LogLevel) {
    const { logger } = this.#parts;
    logger.level = level;
    // Not `level`: that field is the level of the line itself.
    logger.info('log level changed', { logLevel: level });
  }

  get #membership() {
    return this.#parts.sources.pools.membership;
  }

  get #backends() {
    return this.#parts.sources.pools.changes;
  }

  /** @returns `version`, once the change has begun to be written to the state file */
  #changed(version: number): number {
    void this.#parts.changes.save();
    return version;
  }
}
