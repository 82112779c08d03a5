/** commands/backend-state.ts: a backend's three states in the few words that matter most to whoever looks. */
import type { Backend } from '../core/backend.js';

/** A backend as it shows itself. */
export interface Shown extends Pick<Backend, 'admin' | 'health' | 'outlier'> {
  /** Why its health is what it is. */
  readonly reason: string;
  /** Takes no new request and has none in flight. */
  readonly drained: boolean;
  /** When what is still open on it ends (ISO 8601), if it drains and has a time for that. */
  readonly drainEndsAt: string | null;
  /** When it returns (ISO 8601), if it is ejected. */
  readonly ejectedUntil: string | null;
}

/**
 * What an operator decided comes first, then what the health checks found, then what traffic found.
 * @param nowMs epoch milliseconds
 */
export function backendState(shown: Shown, nowMs: number): string {
  const { admin, health, outlier, reason, drained, drainEndsAt, ejectedUntil } = shown;
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
