/**
 * control/health-scheduler.ts: when each backend is probed, and what its answers mean for the pool. Every backend has
 * its own timer, so a slow one delays only itself, and never two probes at a time.
 */
import { isIP } from 'node:net';
import type { HealthCheckConfig } from '../config/schema.js';
import type { Backend, BackendId } from '../core/backend.js';
import { type HealthRecord, isChanging, judge, nextProbeInMs, spreadProbeInMs, unprobed } from '../core/health.js';
import { type HttpProbe, httpProbeOf, type ProbeResult, type ProbeTask } from '../core/probe.js';
import type { Random } from '../core/random.js';
import type { Journal } from './journal.js';
import type { Logger } from './logger.js';
import type { Pool } from './pool.js';

export interface SchedulerParts {
  readonly probe: (task: ProbeTask) => Promise<ProbeResult>;
  readonly random: Random;
  readonly logger: Logger;
  readonly journal: Journal;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** Told of every verdict after the pool has it. */
  readonly onVerdict: (pool: Pool, id: BackendId, result: ProbeResult) => void;
  /** Told when a backend went down. */
  readonly onDown: (pool: Pool, id: BackendId) => void;
}

/** Probes asked for out of turn are at least this far apart, in milliseconds. */
const SOON_APART_MS = 1_000;
/**
 * Probes are due at multiples of this, in milliseconds: a thousand backends probed each second would otherwise wake
 * the primary a thousand times a second, which costs more than what it has to do then.
 */
const GRAIN_MS = 20;
/** A host without a file to spare cannot probe anybody: it is said once for all backends, in milliseconds. */
const COMPLAINTS_APART_MS = 10_000;

/** What the last probe of a backend came to. */
export interface LastProbe extends ProbeResult {
  /** How long ago it began, in milliseconds. */
  readonly agoMs: number;
  /** How many in a row have succeeded, or failed, with this one. */
  readonly inARow: number;
}

/** What probes of a backend came to. */
export interface ProbeCounts {
  readonly succeeded: number;
  readonly failed: number;
  readonly last: ProbeResult | undefined;
}

const NEVER_PROBED: ProbeCounts = { succeeded: 0, failed: 0, last: undefined };

interface ProbeWatch {
  readonly pool: Pool;
  readonly id: BackendId;
  check: HealthCheckConfig;
  http: HttpProbe | undefined;
  record: HealthRecord;
  /** Grows when the backend is to be judged anew; a probe that began before counts no more. */
  generation: number;
  timer: NodeJS.Timeout | undefined;
  /** When `timer` fires. */
  dueAtMs: number;
  probing: boolean;
  lastAtMs: number;
  last: ProbeResult | undefined;
  succeeded: number;
  failed: number;
  /** Called at the first verdict. */
  onFirst: (() => void) | undefined;
}

export class HealthScheduler {
  readonly #parts: SchedulerParts;
  readonly #watches = new Map<string, ProbeWatch>();
  #complainedAtMs = Number.NEGATIVE_INFINITY;
  #stopped = false;

  constructor(parts: SchedulerParts) {
    this.#parts = parts;
  }

  /** Begins with a probe at once. @returns settled with the first verdict; at once for a name nobody can probe yet */
  watch(pool: Pool, id: BackendId, check: HealthCheckConfig): Promise<void> {
    return new Promise((resolve) => {
      const watch: ProbeWatch = {
        pool,
        id,
        check,
        http: httpProbeOf(id, check),
        record: unprobed(check.initial),
        generation: 0,
        timer: undefined,
        dueAtMs: 0,
        probing: false,
        lastAtMs: Number.NEGATIVE_INFINITY,
        last: undefined,
        succeeded: 0,
        failed: 0,
        onFirst: resolve,
      };
      this.#watches.set(keyOf(pool, id), watch);
      this.#probe(watch);
    });
  }

  unwatch(pool: Pool, id: BackendId): void {
    const watch = this.#watches.get(keyOf(pool, id));
    if (watch === undefined) return;
    this.#watches.delete(keyOf(pool, id));
    watch.generation += 1;
    clearTimeout(watch.timer);
    settleFirst(watch);
  }

  /** From now on the pool's backends are probed like this; what is known of them stays. */
  reconfigure(pool: Pool, check: HealthCheckConfig): void {
    for (const watch of this.#watches.values()) {
      if (watch.pool !== pool) continue;
      watch.check = check;
      watch.http = httpProbeOf(watch.id, check);
      if (watch.timer !== undefined) this.#scheduleNext(watch, spreadProbeInMs, this.#parts.nowMs());
    }
  }

  /** Judges anew and probes at once: the backend is reached at another address now. */
  restart(pool: Pool, id: BackendId): void {
    const watch = this.#watches.get(keyOf(pool, id));
    if (watch === undefined) return;
    watch.generation += 1;
    watch.record = unprobed(watch.check.initial);
    watch.probing = false;
    this.#probe(watch);
  }

  /** Probes out of turn, for when real traffic says that something is wrong: now, or a second after the last probe. */
  soon(pool: Pool, id: BackendId): void {
    const watch = this.#watches.get(keyOf(pool, id));
    // A watch that has no timer waits for its name to be resolved.
    if (watch === undefined || watch.probing || watch.timer === undefined) return;
    const dueAtMs = Math.max(this.#parts.nowMs(), watch.lastAtMs + SOON_APART_MS);
    if (dueAtMs < watch.dueAtMs) this.#probeAt(watch, dueAtMs);
  }

  /** @returns the last probe's answer, whatever it meant for the state */
  lastProbe(pool: Pool, id: BackendId): LastProbe | undefined {
    const watch = this.#watches.get(keyOf(pool, id));
    if (watch?.last === undefined) return undefined;
    return { ...watch.last, agoMs: this.#parts.nowMs() - watch.lastAtMs, inARow: watch.record.inARow };
  }

  /** @returns those that were answered, or not, since it is watched */
  probes(pool: Pool, id: BackendId): ProbeCounts {
    return this.#watches.get(keyOf(pool, id)) ?? NEVER_PROBED;
  }

  /** No probe begins and no verdict counts from now on. */
  stop(): void {
    this.#stopped = true;
    for (const { pool, id } of [...this.#watches.values()]) this.unwatch(pool, id);
  }

  #probe(watch: ProbeWatch): void {
    clearTimeout(watch.timer);
    watch.timer = undefined;
    const backend = watch.pool.backend(watch.id);
    // Until its name is resolved there is nobody to ask; `restart` comes with the address.
    if (this.#stopped || backend === undefined || isIP(backend.host) === 0) return settleFirst(watch);
    const { generation } = watch;
    watch.probing = true;
    watch.lastAtMs = this.#parts.nowMs();
    this.#parts.probe(taskOf(backend, watch)).then(
      (result) => this.#answered(watch, generation, result),
      (error: unknown) => this.#untried(watch, generation, error),
    );
  }

  #answered(watch: ProbeWatch, generation: number, result: ProbeResult): void {
    if (watch.generation !== generation) return;
    watch.probing = false;
    watch.last = result;
    if (result.ok) watch.succeeded += 1;
    else watch.failed += 1;
    const before = watch.record;
    watch.record = judge(before, result, watch.check);
    if (watch.record.health !== before.health) this.#turn(watch, result);
    // It may have been down before anybody asked, or be so for another reason by now.
    else if (!isChanging(watch.record)) watch.pool.explainHealth(watch.id, result.reason);
    this.#parts.onVerdict(watch.pool, watch.id, result);
    settleFirst(watch);
    // By their beginnings: a backend that lets each probe wait for its timeout must not be the last to be found down.
    this.#scheduleNext(watch, before.ok === undefined ? spreadProbeInMs : nextProbeInMs, watch.lastAtMs);
  }

  #untried(watch: ProbeWatch, generation: number, error: unknown): void {
    if (watch.generation !== generation) return;
    watch.probing = false;
    this.#scheduleNext(watch, nextProbeInMs, watch.lastAtMs);
    const nowMs = this.#parts.nowMs();
    if (nowMs - this.#complainedAtMs < COMPLAINTS_APART_MS) return;
    this.#complainedAtMs = nowMs;
    const reason = error instanceof Error ? error.message : String(error);
    this.#parts.logger.warn('health check could not be made', { pool: watch.pool.name, backend: watch.id, reason });
  }

  #scheduleNext(watch: ProbeWatch, pause: typeof nextProbeInMs, fromMs: number): void {
    // What was told about the verdict may have ended or restarted the watch.
    if (watch.probing || this.#watches.get(keyOf(watch.pool, watch.id)) !== watch) return;
    this.#probeAt(watch, fromMs + pause(watch.record, watch.check, this.#parts.random));
  }

  #probeAt(watch: ProbeWatch, dueAtMs: number): void {
    clearTimeout(watch.timer);
    watch.dueAtMs = Math.round(dueAtMs / GRAIN_MS) * GRAIN_MS;
    // A busy process may be late already, and Node 24 warns of a time that is negative.
    watch.timer = setTimeout(() => this.#probe(watch), Math.max(0, watch.dueAtMs - this.#parts.nowMs()));
  }

  #turn({ pool, id, record }: ProbeWatch, { reason }: ProbeResult): void {
    pool.setHealth(id, record.health, reason);
    const isDown = record.health === 'down';
    this.#parts.journal.note(isDown ? 'backend-down' : 'backend-up', { pool: pool.name, backend: id, reason });
    if (isDown) this.#parts.onDown(pool, id);
  }
}

function taskOf({ host, port }: Backend, { check, http }: ProbeWatch): ProbeTask {
  return { host, port: check.port ?? port, http, timeoutMs: check.timeout };
}

function settleFirst(watch: ProbeWatch): void {
  watch.onFirst?.();
  watch.onFirst = undefined;
}

function keyOf(pool: Pool, id: BackendId): string {
  return `${id} ${pool.name}`;
}
