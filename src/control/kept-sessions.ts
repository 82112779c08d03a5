/**
 * control/kept-sessions.ts: the draining backends that kept their sessions before a restart. Each gets that back when it
 * joins its pool, with the deadline that it had: an operator was told that time.
 */
import type { BackendId } from '../core/backend.js';
import { type RuntimeState, savedSession } from './runtime-state.js';

/** How long a backend keeps its sessions; without `untilMs` (epoch milliseconds) until an operator ends that. */
export interface KeptSession {
  readonly untilMs?: number;
}

export class KeptSessions {
  readonly #byPool: ReadonlyMap<string, Map<string, KeptSession>>;

  /** @param state what the state file held at the start */
  constructor(state: RuntimeState) {
    this.#byPool = new Map(
      Object.entries(state).map(([name, { sessions = {} }]) => [
        name,
        new Map(Object.entries(sessions).map(([id, { until }]) => [id, keptUntil(until)])),
      ]),
    );
  }

  /** Gives back, once, what is kept for a backend. */
  take(pool: string, id: BackendId): KeptSession | undefined {
    const kept = this.#byPool.get(pool);
    const session = kept?.get(id);
    kept?.delete(id);
    return session;
  }

  /** @returns what has not been taken yet, as the state file has it */
  pending(pool: string): NonNullable<RuntimeState[string]['sessions']> {
    const waiting = [...(this.#byPool.get(pool) ?? [])];
    return Object.fromEntries(waiting.map(([id, { untilMs }]) => [id, savedSession(untilMs)]));
  }
}

function keptUntil(until: string | undefined): KeptSession {
  return until === undefined ? {} : { untilMs: Date.parse(until) };
}
