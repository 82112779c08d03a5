/**
 * core/share.ts: how a limit that is meant for the whole host is split over its workers. Workers cannot ask each other
 * per request, so each keeps to a part of its own and all parts add up to the limit.
 */
import type * as z from 'zod';
import type { shareSchema } from './schemas.js';

export type Share = z.infer<typeof shareSchema>;

/** The only worker has all of it. */
export const WHOLE: Share = { index: 0, of: 1 };

/**
 * The first workers get what division leaves over. A limit smaller than the number of workers counts as 1 for each,
 * since a worker without any could serve nobody: together they may then exceed it.
 * @param limit 0 sets none
 * @returns this worker's part, at least 1; `Infinity` without a limit
 */
export function partOf(limit: number, { index, of }: Share): number {
  if (limit === 0) return Number.POSITIVE_INFINITY;
  const over = limit % of;
  return Math.max(1, (limit - over) / of + (index < over ? 1 : 0));
}
