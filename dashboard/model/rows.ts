/** dashboard/model/rows.ts: filters and sorts the backends that are shown. */
import { isProblem, urgency } from './states.js';
import type { BackendView } from './wire.js';

export type Show = 'all' | 'problems' | 'draining';

export interface Filter {
  /** Words that the address, the reason or the service of a backend must all contain. */
  readonly text: string;
  readonly show: Show;
}

export const SORT_KEYS = ['backend', 'state', 'weight', 'tier', 'inflight', 'rate', 'errors', 'p99'] as const;
export type SortKey = (typeof SORT_KEYS)[number];

export interface Sort {
  readonly key: SortKey;
  readonly descending: boolean;
}

/** @returns the key of a row; names of pools contain no line feed */
export function rowKey(pool: string, id: string): string {
  return `${pool}\n${id}`;
}

export function matches(backend: BackendView, { text, show }: Filter): boolean {
  if (show === 'problems' && !isProblem(backend)) return false;
  if (show === 'draining' && backend.admin === 'enabled') return false;
  const { id, host, reason, service } = backend;
  const haystack = `${id} ${host} ${reason} ${service ?? ''}`.toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => haystack.includes(word));
}

export function sorted(backends: readonly BackendView[], { key, descending }: Sort): readonly BackendView[] {
  const sign = descending ? -1 : 1;
  return backends.toSorted((a, b) => sign * compare(a, b, key) || byAddress(a, b));
}

function compare(a: BackendView, b: BackendView, key: SortKey): number {
  if (key === 'backend') return byAddress(a, b);
  return numberOf(a, key) - numberOf(b, key);
}

function numberOf(backend: BackendView, key: Exclude<SortKey, 'backend'>): number {
  switch (key) {
    case 'state':
      return urgency(backend);
    case 'weight':
    case 'tier':
    case 'inflight':
      return backend[key];
    case 'rate':
      return backend.requestsPerSecond;
    case 'errors':
      return backend.errorRate;
    case 'p99':
      // A backend without a measurement sorts below all others.
      return backend.latency.p99 ?? -1;
  }
}

const collator = new Intl.Collator('en', { numeric: true });

/** Compares addresses with numbers in them as numbers: 10.0.0.9 comes before 10.0.0.10. */
function byAddress(a: BackendView, b: BackendView): number {
  return collator.compare(a.id, b.id);
}
