/**
 * workers/roster.ts: the backends of a pool as this worker has them, and what the policy is told of them: who may be
 * picked, in which tiers and with which weights.
 */
import type { MaglevTable } from '../src/balancing/maglev-table.js';
import { createPicker, type PolicyParts } from '../src/balancing/policies.js';
import { TieredPicker } from '../src/balancing/tiered-picker.js';
import type { PoolConfig } from '../src/config/schema.js';
import type { Backend, BackendId } from '../src/core/backend.js';
import { eligibleOf } from '../src/core/eligible.js';
import type { Random } from '../src/core/random.js';
import { effectiveWeight, isRamping, nextStepInMs } from '../src/core/slow-start.js';
import type { PoolSnapshot } from '../src/core/snapshot.js';
import type { LinksTo } from './backend-links.js';
import { type TimerWheel, WheelTimer } from './timer-wheel.js';
import { WorkerBackend } from './worker-backend.js';

/** A backend of a pool, seen from a request: where it goes. */
export type Upstream = WorkerBackend;

/** What a roster needs of its worker. */
export interface RosterParts {
  readonly wheel: TimerWheel;
  readonly random: Random;
  readonly linksTo: LinksTo;
  /** The clock that backends' `usableSince` is read by, in epoch milliseconds. */
  readonly epochMs: () => number;
}

export class Roster {
  picker: TieredPicker<Upstream>;
  private config: PoolConfig;
  private current: PoolSnapshot;
  private readonly byId = new Map<BackendId, Upstream>();
  /** Backends that left the pool with requests still open; their counts are still reported. */
  private readonly leaving = new Set<Upstream>();
  /** The backends in the pool, in the order of the snapshot. */
  private members: readonly Upstream[] = [];
  private tiers: readonly (readonly Upstream[])[] = [];
  private readonly parts: RosterParts;
  private readonly ramp = new WheelTimer({ onTimeout: () => this.updatePicker() });
  private table: MaglevTable | undefined;

  constructor(snapshot: PoolSnapshot, config: PoolConfig, parts: RosterParts) {
    this.config = config;
    this.parts = parts;
    this.picker = this.pickerFor(config);
    this.current = snapshot;
    this.install(snapshot);
  }

  get snapshot(): PoolSnapshot {
    return this.current;
  }

  /** @returns `undefined` when it has left the pool */
  upstream(id: BackendId): Upstream | undefined {
    return this.byId.get(id);
  }

  /** Those that are in the pool. */
  get all(): Iterable<Upstream> {
    return this.byId.values();
  }

  /**
   * Swaps the snapshot.
   * @returns backends with requests in flight that went out of use, or somewhere else: better no longer waited for
   */
  install(snapshot: PoolSnapshot): readonly Upstream[] {
    this.current = snapshot;
    const gone: Upstream[] = [];
    // Most are the very objects that they were before one of them changed: those are known by their places.
    const before = this.members;
    this.members = snapshot.backends.map((backend, place) => {
      const known = before[place];
      return known?.listed === backend ? known : this.follow(backend, gone);
    });
    if (this.byId.size > this.members.length) this.dismissOthers();
    this.updatePicker();
    // With none to go to instead, the one that is out of use may still answer.
    return this.members.some(({ usable }) => usable) ? gone : [];
  }

  /** Goes on by other settings. A policy that stays goes on where it is. */
  configure(config: PoolConfig): void {
    const { policy, hash, slowStart } = this.config;
    this.config = config;
    if (policy !== config.policy || hash.balanceFactor !== config.hash.balanceFactor) {
      this.picker = this.pickerFor(config);
    }
    if (slowStart > 0 && config.slowStart === 0) this.endRamp();
    this.updatePicker();
  }

  /** The pool is no more: what it has in flight ends in its own time, and no connection waits for a request. */
  retire(): void {
    this.parts.wheel.drop(this.ramp);
    for (const upstream of this.byId.values()) {
      upstream.keepsIdle = false;
      upstream.links.closeIdle();
    }
  }

  /** A policy that hashes chooses by `table` from now on. */
  useTable(table: MaglevTable): void {
    this.table = table;
    this.updatePicker();
  }

  /** Whether there is a backend to go to beside those in `tried`. */
  hasOther(tried: ReadonlySet<BackendId>): boolean {
    return this.tiers.some((tier) => tier.some(({ id }) => !tried.has(id)));
  }

  /** Every backend that has something to report, gone ones with their last counts included. */
  counted(): readonly Upstream[] {
    const all = [...this.byId.values(), ...this.leaving];
    for (const upstream of this.leaving) if (upstream.inflight === 0) this.leaving.delete(upstream);
    return all;
  }

  /** Nothing is told to the policy any more, and no connection waits for a request. */
  stop(): void {
    this.parts.wheel.drop(this.ramp);
    this.closeIdle();
  }

  closeIdle(): void {
    for (const upstream of this.byId.values()) upstream.links.closeIdle();
  }

  private pickerFor({ policy, hash: { balanceFactor } }: PoolConfig): TieredPicker<Upstream> {
    const { random, wheel } = this.parts;
    const parts: PolicyParts = { random, nowMs: () => wheel.now, table: () => this.table, balanceFactor };
    return new TieredPicker(() => createPicker<Upstream>(policy, parts));
  }

  /** Tells the policy whom it may pick, and with which weights. */
  private updatePicker(): void {
    if (this.config.slowStart > 0) this.rampUp();
    const { tiers, refuge } = eligibleOf(this.members, this.config.panic);
    this.tiers = tiers;
    this.picker.update(tiers, refuge);
  }

  /** Gives those that have become usable of late the weight they have by now, and more of it later. */
  private rampUp(): void {
    const { slowStart } = this.config;
    const nowMs = this.parts.epochMs();
    for (const upstream of this.members) upstream.weight = effectiveWeight(upstream.listed, slowStart, nowMs);
    const goesOn = this.members.some(({ listed }) => isRamping(listed, slowStart, nowMs));
    this.parts.wheel.arm(this.ramp, goesOn ? nextStepInMs(slowStart) : 0);
  }

  private endRamp(): void {
    this.parts.wheel.drop(this.ramp);
    for (const upstream of this.members) upstream.weight = upstream.listed.weight;
  }

  /** @param gone gets it when what is in flight there is better asked of another */
  private follow(backend: Backend, gone: Upstream[]): Upstream {
    const known = this.byId.get(backend.id);
    if (known?.update(backend) && known.inflight > 0) gone.push(known);
    const upstream = known ?? new WorkerBackend(backend, this.parts.linksTo);
    this.byId.set(backend.id, upstream);
    return upstream;
  }

  /** Those that are in the pool no more. */
  private dismissOthers(): void {
    const present = new Set(this.members);
    for (const [id, upstream] of this.byId) if (!present.has(upstream)) this.dismiss(id, upstream);
  }

  private dismiss(id: BackendId, upstream: Upstream): void {
    upstream.retire();
    this.byId.delete(id);
    this.leaving.add(upstream);
  }
}
