/**
 * dashboard/model/wire.ts: the types of what the admin API sends. Imported as types only, so no server code is loaded.
 */
import type { JournalEntry } from '../../src/control/journal.js';
import type { BackendView, BalancerView, PoolView, WorkerView } from '../../src/control/view.js';

export type { BackendView, BalancerView, JournalEntry, PoolView, WorkerView };

/**
 * @returns whether `value` has the main keys of a view; the rest is trusted, since page and API come from one server
 */
export function isView(value: unknown): value is BalancerView {
  return (
    isRecord(value) && Array.isArray(value['pools']) && Array.isArray(value['workers']) && isRecord(value['totals'])
  );
}

export function isEntries(value: unknown): value is readonly JournalEntry[] {
  return Array.isArray(value) && value.every((entry) => isRecord(entry) && typeof entry['id'] === 'string');
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
