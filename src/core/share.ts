/**
 * core/share.ts: splits a limit of the whole host over its workers, for limits that need not be exact: each worker
 * enforces a part, and the parts add up to the limit. Exact ones are lent (permit-ledger.ts).
 */
import type * as z from 'zod';
import type { shareSchema } from './schemas.js';

export type Share = z.infer<typeof shareSchema>;

/** The share of the only worker: everything. */
export const WHOLE: Share = { index: 0, of: 1 };

/**
 * Divides the limit; the first workers get one more each until the remainder is used up. A limit smaller than the
 * number of workers gives 1 to each, since a worker with 0 could serve nobody: together they may then exceed it.
 * @param limit limit of the whole host; 0: no limit
 * @returns this worker's part, at least 1; `Infinity` without a limit
 */
export function partOf(limit: number, { index, of }: Share): number {
  if (limit === 0) return Number.POSITIVE_INFINITY;
  const over = limit % of;
  return Math.max(1, (limit - over) / of + (index < over ? 1 : 0));
}
