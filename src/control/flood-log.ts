/** control/flood-log.ts: says in the log that HTTP/2 clients were cut off for floods, once a minute for each kind at most. */
import { FLOOD_KINDS, type FloodKind } from '../http2/flood-guard.js';
import type { Logger } from './logger.js';

const INTERVAL_MS = 60_000;

export class FloodLog {
  readonly #logger: Pick<Logger, 'log'>;
  readonly #nowMs: () => number;
  /** When each kind was last told of, in milliseconds, and the connections that were ended for it since. */
  readonly #told = new Map<FloodKind, { atMs: number; connections: number }>();

  /** @param nowMs monotonic milliseconds */
  constructor(logger: Pick<Logger, 'log'>, nowMs: () => number) {
    this.#logger = logger;
    this.#nowMs = nowMs;
  }

  /** Takes the counters of a worker, which come once a second. @param floods connections by the number of their kind */
  counted(floods: Float64Array): void {
    for (const [at, kind] of FLOOD_KINDS.entries()) this.#count(kind, floods[at] ?? 0);
  }

  #count(kind: FloodKind, more: number): void {
    const told = this.#told.get(kind) ?? { atMs: Number.NEGATIVE_INFINITY, connections: 0 };
    told.connections += more;
    if (told.connections === 0) return;
    this.#told.set(kind, told);
    const nowMs = this.#nowMs();
    if (nowMs - told.atMs < INTERVAL_MS) return;
    const { connections } = told;
    this.#logger.log('warn', 'connections of HTTP/2 were ended for a flood', { kind, connections });
    this.#told.set(kind, { atMs: nowMs, connections: 0 });
  }
}
