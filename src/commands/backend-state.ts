/** commands/backend-state.ts: summarises the three states of a backend in a few words, for tables. */
import type { Backend } from '../core/backend.js';

/** The fields of a backend's view that the summary depends on. */
export interface BackendStateFields extends Pick<Backend, 'admin' | 'health' | 'outlier'> {
  /** The result of the last probe, in words. */
  readonly reason: string;
  /** The backend takes no new requests and has none in flight. */
  readonly drained: boolean;
  /** It drains and keeps its sessions. */
  readonly keepSessions: boolean;
  /** When its open requests are ended (ISO 8601), if it drains with a time limit. */
  readonly drainEndsAt: string | null;
  /** When the ejection ends (ISO 8601), if it is ejected. */
  readonly ejectedUntil: string | null;
}

/**
 * Summarises the states: what the operator set beats the health, and the health beats an ejection.
 * @param nowMs epoch milliseconds
 * @returns `up`, `drained`, `draining, 5s left`, `down: HTTP 503`, `ejected, 12s left` and the like
 */
export function backendState(backend: BackendStateFields, nowMs: number): string {
  const { admin, health, outlier, reason, drained, keepSessions, drainEndsAt, ejectedUntil } = backend;
  if (admin === 'draining' && keepSessions) {
    return `draining, keeps sessions${drainEndsAt === null ? '' : ` for ${secondsUntil(drainEndsAt, nowMs)}`}`;
  }
  if (admin === 'draining' && drained) return 'drained';
  if (admin === 'draining' && drainEndsAt !== null) return `draining, ${secondsUntil(drainEndsAt, nowMs)} left`;
  if (admin !== 'enabled') return admin;
  if (health === 'down') return `down: ${reason}`;
  if (outlier === 'ejected')
    return `ejected${ejectedUntil === null ? '' : `, ${secondsUntil(ejectedUntil, nowMs)} left`}`;
  return health;
}

function secondsUntil(time: string, nowMs: number): string {
  return `${Math.max(0, Math.ceil((Date.parse(time) - nowMs) / 1_000))}s`;
}
