/**
 * workers/roster.ts: the backends of a pool as this worker has them, and what the policy is told of them: which may be
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

/** What a roster needs of its worker. */
export interface RosterParts {
  readonly wheel: TimerWheel;
  readonly random: Random;
  readonly linksTo: LinksTo;
  /** @returns epoch milliseconds, which a backend's `usableSince` is compared with */
  readonly epochMs: () => number;
}

export class Roster {
  picker: TieredPicker<WorkerBackend>;
  private config: PoolConfig;
  private current: PoolSnapshot;
  private readonly byId = new Map<BackendId, WorkerBackend>();
  /** Backends that left the pool with requests still open; their counts are still reported. */
  private readonly leaving = new Set<WorkerBackend>();
  /** The backends in the pool, in the order of the snapshot. */
  private members: readonly WorkerBackend[] = [];
  /** The backends that the policy may pick, by tier. */
  private tiers: readonly (readonly WorkerBackend[])[] = [];
  private readonly parts: RosterParts;
  /** The next step of the slow start. */
  private readonly ramp = new WheelTimer({ onTimeout: () => this.updatePicker() });
  /** What a policy that hashes chooses by. */
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

  /** @returns the backend of that id; `undefined` when it has left the pool */
  upstream(id: BackendId): WorkerBackend | undefined {
    return this.byId.get(id);
  }

  /** The backends that are in the pool. */
  get all(): Iterable<WorkerBackend> {
    return this.byId.values();
  }

  /**
   * Swaps the snapshot.
   * @returns backends with requests in flight that have gone out of use or moved: those should be tried elsewhere
   */
  install(snapshot: PoolSnapshot): readonly WorkerBackend[] {
    this.current = snapshot;
    const gone: WorkerBackend[] = [];
    // A change of one backend leaves the others the same objects in the same places: they need no look-up.
    const before = this.members;
    this.members = snapshot.backends.map((backend, place) => {
      const known = before[place];
      return known?.listed === backend ? known : this.follow(backend, gone);
    });
    if (this.byId.size > this.members.length) this.dismissOthers();
    this.updatePicker();
    // With no other backend to try, one that is out of use may still answer.
    return this.members.some(({ usable }) => usable) ? gone : [];
  }

  /** Takes over other settings. A policy that stays the same keeps its state. */
  configure(config: PoolConfig): void {
    const { policy, hash, slowStart } = this.config;
    this.config = config;
    if (policy !== config.policy || hash.balanceFactor !== config.hash.balanceFactor) {
      this.picker = this.pickerFor(config);
    }
    if (slowStart > 0 && config.slowStart === 0) this.endRamp();
    this.updatePicker();
  }

  /** The pool has left the configuration: its requests in flight go on, and no connection is kept for another. */
  retire(): void {
    this.parts.wheel.drop(this.ramp);
    for (const upstream of this.byId.values()) {
      upstream.keepsIdle = false;
      upstream.links.closeIdle();
    }
  }

  /** Has no further request go over a connection that is open now. */
  renewConnections(): void {
    for (const upstream of this.byId.values()) upstream.renewConnections();
  }

  /** Takes over the table that a policy that hashes chooses by. */
  useTable(table: MaglevTable): void {
    this.table = table;
    this.updatePicker();
  }

  /** Whether the policy may pick a backend that is not in `tried`. */
  hasOther(tried: ReadonlySet<BackendId>): boolean {
    return this.tiers.some((tier) => tier.some(({ id }) => !tried.has(id)));
  }

  /** @returns every backend with something to report, those that have left with their last counts included */
  counted(): readonly WorkerBackend[] {
    const all = [...this.byId.values(), ...this.leaving];
    for (const upstream of this.leaving) if (upstream.inflight === 0) this.leaving.delete(upstream);
    return all;
  }

  /** Stops the slow start and closes the idle connections: the worker is stopping. */
  stop(): void {
    this.parts.wheel.drop(this.ramp);
    this.closeIdle();
  }

  /** Closes every connection to the pool's backends that carries no request. */
  closeIdle(): void {
    for (const upstream of this.byId.values()) upstream.links.closeIdle();
  }

  private pickerFor({ policy, hash: { balanceFactor } }: PoolConfig): TieredPicker<WorkerBackend> {
    const { random, wheel } = this.parts;
    const parts: PolicyParts = { random, nowMs: () => wheel.now, table: () => this.table, balanceFactor };
    return new TieredPicker(() => createPicker<WorkerBackend>(policy, parts));
  }

  /** Tells the policy which backends it may pick, and with which weights. */
  private updatePicker(): void {
    if (this.config.slowStart > 0) this.rampUp();
    const { tiers, refuge } = eligibleOf(this.members, this.config.panic);
    this.tiers = tiers;
    this.picker.update(tiers, refuge);
  }

  /** Slow start: sets the weights of this moment, and the time of the next step while any backend has one to come. */
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

  /** @param gone gets the backend when its requests in flight should be tried elsewhere */
  private follow(backend: Backend, gone: WorkerBackend[]): WorkerBackend {
    const known = this.byId.get(backend.id);
    if (known?.update(backend) && known.inflight > 0) gone.push(known);
    const upstream = known ?? new WorkerBackend(backend, this.parts.linksTo);
    this.byId.set(backend.id, upstream);
    return upstream;
  }

  /** Dismisses the backends that are no longer in the pool. */
  private dismissOthers(): void {
    const present = new Set(this.members);
    for (const [id, upstream] of this.byId) if (!present.has(upstream)) this.dismiss(id, upstream);
  }

  private dismiss(id: BackendId, upstream: WorkerBackend): void {
    upstream.retire();
    this.byId.delete(id);
    this.leaving.add(upstream);
  }
}
