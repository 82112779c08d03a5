/** commands/backend-state.ts: a backend's three states in the few words that matter most to whoever looks. */
import type { Backend } from '../core/backend.js';

/** A backend as it shows itself. */
export interface Shown extends Pick<Backend, 'admin' | 'health' | 'outlier'> {
  /** Why its health is what it is. */
  readonly reason: string;
  /** Takes no new request and has none in flight. */
  readonly drained: boolean;
}

/** What an operator decided comes first, then what the health checks found, then what traffic found. */
export function backendState({ admin, health, outlier, reason, drained }: Shown): string {
  if (admin === 'draining' && drained) return 'drained';
  if (admin !== 'enabled') return admin;
  if (health === 'down') return `down: ${reason}`;
  if (outlier === 'ejected') return 'ejected after failures';
  return health;
}
