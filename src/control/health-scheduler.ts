/**
 * control/health-scheduler.ts: probes every backend on its own timer and applies the verdicts to the pools. A slow
 * backend delays only its own probes, and has at most one probe under way.
 */
import type { HealthCheckConfig } from '../config/schema.js';
import { isResolved } from '../core/address.js';
import type { Backend, BackendId } from '../core/backend.js';
import { isChanging, judge, nextProbeInMs, spreadProbeInMs, unprobed } from '../core/health.js';
import type { LenientRule } from '../core/lenient-rules.js';
import type { ProbeResult, ProbeTask } from '../core/probe.js';
import type { Random } from '../core/random.js';
import type { Journal } from './journal.js';
import type { Logger } from './logger.js';
import type { Pool } from './pool.js';
import { aliveTaskOf, newProbeWatch, type ProbeWatch, probeOf, settleFirst, taskOf } from './probe-watch.js';
import { TurnQueue } from './turn-queue.js';

export interface SchedulerParts {
  readonly probe: (task: ProbeTask) => Promise<ProbeResult>;
  /** @returns what connections to the pool's backends begin with; '' for nothing */
  readonly openingOf: (pool: string) => string;
  /** @returns the rules that responses may break */
  readonly lenient: () => readonly LenientRule[];
  /** Whether connections to the pool's backends are made over TLS. */
  readonly speaksTls: (pool: string) => boolean;
  readonly random: Random;
  readonly logger: Logger;
  readonly journal: Journal;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** Called with every result, after the pool has the verdict. */
  readonly onVerdict: (pool: Pool, id: BackendId, result: ProbeResult) => void;
  /** Called when a backend has gone down. */
  readonly onDown: (pool: Pool, id: BackendId) => void;
}

/** Least time between the last probe and one that is asked for out of turn, in milliseconds. */
const SOON_APART_MS = 1_000;
/** Least time between two questions if a backend is alive, in milliseconds. */
const ASKS_APART_MS = 1_000;
/**
 * Probes are due at multiples of this, in milliseconds: a thousand backends probed each second would otherwise wake
 * the primary a thousand times a second, which costs more than what it has to do then.
 */
const GRAIN_MS = 20;
/**
 * Least time between two log lines about probes that could not be tried, in milliseconds: a host without file
 * descriptors cannot probe any backend.
 */
const COMPLAINTS_APART_MS = 10_000;

/** Probes that begin in one turn of the primary: with thousands of backends all of them are due when it starts. */
const PROBES_PER_TURN = 100;

/** The last probe of a backend. */
export interface LastProbe extends ProbeResult {
  /** Milliseconds since the probe began. */
  readonly agoMs: number;
  /** How many probes in a row had this outcome, this one included. */
  readonly inARow: number;
}

/** How many probes of a backend succeeded and failed since it is watched, and the last result. */
export interface ProbeCounts {
  readonly succeeded: number;
  readonly failed: number;
  /** How often it was asked if it is alive, by what came of it. */
  readonly asked: { readonly alive: number; readonly silent: number };
  readonly last: ProbeResult | undefined;
}

const NEVER_PROBED: ProbeCounts = { succeeded: 0, failed: 0, asked: { alive: 0, silent: 0 }, last: undefined };

export class HealthScheduler {
  readonly #parts: SchedulerParts;
  readonly #watches = new Map<string, ProbeWatch>();
  /** Watches whose probes are due; after a start or a reload those may be thousands. */
  readonly #due = new TurnQueue<ProbeWatch>(PROBES_PER_TURN, (watch) => this.#start(watch));
  #complainedAtMs = Number.NEGATIVE_INFINITY;
  #stopped = false;

  constructor(parts: SchedulerParts) {
    this.#parts = parts;
  }

  /**
   * Probes a backend at once, and again on its interval.
   * @returns settled at the first verdict; at once for a backend whose name is not resolved yet
   */
  watch(pool: Pool, id: BackendId, check: HealthCheckConfig): Promise<void> {
    return new Promise((resolve) => {
      const watch = newProbeWatch(pool, id, check, resolve);
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
    this.#due.remove(watch);
    settleFirst(watch);
  }

  /** Probes the pool's backends by another health check from now on; their health and history stay. */
  reconfigure(pool: Pool, check: HealthCheckConfig): void {
    for (const watch of this.#watches.values()) {
      if (watch.pool !== pool) continue;
      watch.check = check;
      watch.http = probeOf(pool, watch.id, check);
      if (check.silence === 0) watch.suspected = false;
      if (watch.timer !== undefined) this.#scheduleNext(watch, spreadProbeInMs, this.#parts.nowMs());
    }
  }

  /** Forgets the history of a backend and probes it at once, because it has another address now. */
  restart(pool: Pool, id: BackendId): void {
    const watch = this.#watches.get(keyOf(pool, id));
    if (watch === undefined) return;
    watch.generation += 1;
    watch.record = unprobed(watch.check.initial);
    watch.probing = false;
    watch.suspected = false;
    watch.asksNext = false;
    watch.asking = false;
    this.#probe(watch);
  }

  /** Probes a backend out of turn because requests fail on it: now, or a second after the last probe. */
  soon(pool: Pool, id: BackendId): void {
    const watch = this.#watches.get(keyOf(pool, id));
    // Without a timer, it waits for its name to be resolved.
    if (watch === undefined || watch.probing || watch.suspected || watch.timer === undefined) return;
    const dueAtMs = Math.max(this.#parts.nowMs(), watch.lastAtMs + SOON_APART_MS);
    if (dueAtMs < watch.dueAtMs) this.#probeAt(watch, dueAtMs);
  }

  /**
   * Asks a backend over HTTP if it is alive, because it has answered nothing for `silentMs` while requests wait on it: at
   * most once a second, and not while it is down anyway. If it is silent again, it is down.
   */
  suspect(pool: Pool, id: BackendId, silentMs: number): void {
    const watch = this.#watches.get(keyOf(pool, id));
    if (watch === undefined || watch.record.health === 'down' || watch.check.silence === 0) return;
    if (watch.asking || this.#parts.nowMs() - watch.askedAtMs < ASKS_APART_MS) return;
    watch.silentMs = silentMs;
    watch.asksNext = true;
    if (!watch.probing && watch.timer !== undefined) this.#probe(watch);
  }

  /** @returns the last probe of a backend; `undefined` before the first result */
  lastProbe(pool: Pool, id: BackendId): LastProbe | undefined {
    const watch = this.#watches.get(keyOf(pool, id));
    if (watch?.last === undefined) return undefined;
    return { ...watch.last, agoMs: this.#parts.nowMs() - watch.lastAtMs, inARow: watch.record.inARow };
  }

  /** @returns the counts of probes since the backend is watched */
  probes(pool: Pool, id: BackendId): ProbeCounts {
    return this.#watches.get(keyOf(pool, id)) ?? NEVER_PROBED;
  }

  /** Stops all probes, for good; results that are still to come are ignored. */
  stop(): void {
    this.#stopped = true;
    this.#due.clear();
    for (const { pool, id } of [...this.#watches.values()]) this.unwatch(pool, id);
  }

  #probe(watch: ProbeWatch): void {
    clearTimeout(watch.timer);
    watch.timer = undefined;
    watch.probing = true;
    this.#due.add(watch);
  }

  #start(watch: ProbeWatch): void {
    watch.probing = false;
    const backend = watch.pool.backend(watch.id);
    // Without a resolved name there is no address to probe; `restart` is called with the address.
    if (this.#stopped || backend === undefined || !isResolved(backend.host)) return settleFirst(watch);
    const { generation } = watch;
    const asks = watch.asksNext || watch.suspected;
    watch.asksNext = false;
    watch.asking = asks;
    watch.probing = true;
    const nowMs = this.#parts.nowMs();
    // A question does not take the place of the probe that is due next.
    if (asks) watch.askedAtMs = nowMs;
    else watch.lastAtMs = nowMs;
    const task = asks ? aliveTaskOf(backend, watch) : taskOf(backend, watch);
    this.#parts.probe({ ...task, ...this.#connecting(watch.pool.name, backend) }).then(
      (result) => this.#received(watch, generation, asks, result),
      (error: unknown) => this.#untried(watch, generation, error),
    );
  }

  /** @returns how connections to the pool's backends begin, and what their responses may break */
  #connecting(pool: string, { id, name, port }: Backend): Pick<ProbeTask, 'opening' | 'tls' | 'lenient'> {
    const opening = this.#parts.openingOf(pool);
    const lenient = this.#parts.lenient();
    const named = name === undefined ? { id, port } : { id, name, port };
    return {
      ...(opening === '' ? {} : { opening }),
      ...(lenient.length === 0 ? {} : { lenient }),
      ...(this.#parts.speaksTls(pool) ? { tls: { pool, backend: named } } : {}),
    };
  }

  #received(watch: ProbeWatch, generation: number, asked: boolean, result: ProbeResult): void {
    if (watch.generation !== generation) return;
    watch.probing = false;
    watch.asking = false;
    if (!asked) this.#answered(watch, result);
    else if (result.late === true) this.#silent(watch, result);
    else this.#alive(watch);
  }

  /** The backend has answered the question, or closed the connection, which a process that hangs does not. */
  #alive(watch: ProbeWatch): void {
    const wasSuspected = watch.suspected;
    watch.suspected = false;
    watch.asked.alive += 1;
    // A backend that was down because of its silence has to pass its own probes from now on.
    if (wasSuspected) this.#probe(watch);
    else this.#probeAt(watch, Math.max(watch.dueAtMs, this.#parts.nowMs()));
  }

  /** The backend has not answered the question: it counts as if the last `fall` probes had failed. */
  #silent(watch: ProbeWatch, { ms }: ProbeResult): void {
    const { check, silentMs, record: before } = watch;
    const reason = `answers nothing: no response for ${seconds(silentMs)}, nor to OPTIONS * within ${seconds(check.timeout)}`;
    watch.asked.silent += 1;
    watch.suspected = true;
    watch.lastAtMs = watch.askedAtMs;
    watch.last = { ok: false, reason, ms };
    watch.record = { health: 'down', ok: false, inARow: before.health === 'down' ? before.inARow + 1 : check.fall };
    if (before.health !== 'down') this.#turn(watch, watch.last);
    if (this.#watches.get(keyOf(watch.pool, watch.id)) !== watch || watch.probing) return;
    this.#probeAt(
      watch,
      watch.askedAtMs + Math.max(ASKS_APART_MS, Math.min(check.changingInterval, check.downInterval)),
    );
  }

  #answered(watch: ProbeWatch, result: ProbeResult): void {
    watch.last = result;
    if (result.ok) watch.succeeded += 1;
    else watch.failed += 1;
    const before = watch.record;
    watch.record = judge(before, result, watch.check);
    if (watch.record.health !== before.health) this.#turn(watch, result);
    // The health stays, but its reason may be another one by now.
    else if (!isChanging(watch.record)) watch.pool.explainHealth(watch.id, result.reason);
    this.#parts.onVerdict(watch.pool, watch.id, result);
    settleFirst(watch);
    // Counted from the beginning of the probe, or a backend whose probes run into their timeout would be found down
    // last.
    this.#scheduleNext(watch, before.ok === undefined ? spreadProbeInMs : nextProbeInMs, watch.lastAtMs);
    if (watch.record.health === 'down') watch.asksNext = false;
    else if (watch.asksNext && watch.timer !== undefined) this.#probe(watch);
  }

  #untried(watch: ProbeWatch, generation: number, error: unknown): void {
    if (watch.generation !== generation) return;
    watch.probing = false;
    watch.asking = false;
    this.#scheduleNext(watch, nextProbeInMs, watch.lastAtMs);
    const nowMs = this.#parts.nowMs();
    if (nowMs - this.#complainedAtMs < COMPLAINTS_APART_MS) return;
    this.#complainedAtMs = nowMs;
    const reason = error instanceof Error ? error.message : String(error);
    this.#parts.logger.warn('health check could not be made', { pool: watch.pool.name, backend: watch.id, reason });
  }

  #scheduleNext(watch: ProbeWatch, pause: typeof nextProbeInMs, fromMs: number): void {
    // `onVerdict` or `onDown` may have ended or restarted the watch.
    if (watch.probing || this.#watches.get(keyOf(watch.pool, watch.id)) !== watch) return;
    this.#probeAt(watch, fromMs + pause(watch.record, watch.check, this.#parts.random));
  }

  #probeAt(watch: ProbeWatch, dueAtMs: number): void {
    clearTimeout(watch.timer);
    watch.dueAtMs = Math.round(dueAtMs / GRAIN_MS) * GRAIN_MS;
    // A busy process may be late already, and Node 24 warns of a negative delay.
    watch.timer = setTimeout(() => this.#probe(watch), Math.max(0, watch.dueAtMs - this.#parts.nowMs()));
  }

  #turn({ pool, id, record }: ProbeWatch, { reason }: ProbeResult): void {
    pool.setHealth(id, record.health, reason);
    const isDown = record.health === 'down';
    this.#parts.journal.note(isDown ? 'backend-down' : 'backend-up', { pool: pool.name, backend: id, reason });
    if (isDown) this.#parts.onDown(pool, id);
  }
}

function seconds(ms: number): string {
  return ms < 1_000 ? `${ms} ms` : `${Math.round(ms / 100) / 10} s`;
}

function keyOf(pool: Pool, id: BackendId): string {
  return `${id} ${pool.name}`;
}
