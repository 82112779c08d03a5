/** bench/faults/backend-modes.ts: how a backend can be told to behave, and how long its work takes. */
import * as z from 'zod';

/**
 * - `serve`: 200, a head and half of the body after {@link HEAD_AFTER_MS}, the rest {@link REST_AFTER_MS} later
 * - `slow`: the same, `byMs` later; health checks are as slow
 * - `fail`: 500 at once; health checks pass
 * - `cut`: a reset instead of the second half of the body; health checks pass
 * - `mute`: requests are read and never answered; health checks pass
 * - `refuse`: nobody listens; requests that it has are finished
 */
export const modeSchema = z.discriminatedUnion('mode', [
  z.object({ mode: z.enum(['serve', 'fail', 'cut', 'mute', 'refuse']) }),
  z.object({ mode: z.literal('slow'), byMs: z.number() }),
]);
export type Mode = z.infer<typeof modeSchema>;

/** A response takes long enough that every fault meets some that are half sent. */
export const HEAD_AFTER_MS = 40;
export const REST_AFTER_MS = 20;
export const BODY_BYTES = 2_048;

/** Requests that a backend works on at a time in an overload. */
export const SLOTS = 8;
/** Requests per second that one backend with {@link SLOTS} can serve. */
export const CAPACITY = (SLOTS * 1_000) / (HEAD_AFTER_MS + REST_AFTER_MS);
