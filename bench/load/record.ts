/** bench/load/record.ts: one request as its client saw it, recorded by the load generator. */
import * as z from 'zod';
import { ENDINGS } from '../http/client.js';

export const recordSchema = z.object({
  method: z.enum(['GET', 'POST']),
  /** When it was to be sent, in milliseconds of the machine's clock, even if it was sent later. */
  dueMs: z.number(),
  /** When the first byte of the response came; `null` without one. */
  firstByteMs: z.number().nullable(),
  endMs: z.number(),
  ending: z.enum(ENDINGS),
  /** 0 without a response head. */
  status: z.int(),
  /** The `X-Backend` field of the response; empty for an answer of the proxy's own and for none. */
  backend: z.string(),
});
export type RequestRecord = Readonly<z.infer<typeof recordSchema>>;

/**
 * - `ok`: the answer that was asked for
 * - `replayable`: a GET without a response, or with an error: another backend could have served it
 * - `begun`: a response broke off, which nobody can take back
 * - `unrepeatable`: a POST that got no answer, or an error: a backend may have received it, so it is not for a proxy to
 *   send it twice (RFC 9110 section 9.2.2)
 */
export type RequestOutcome = 'ok' | 'replayable' | 'begun' | 'unrepeatable';

export function outcomeOf({ method, ending, status }: RequestRecord): RequestOutcome {
  if (ending === 'broken') return 'begun';
  if (ending === 'complete' && status < 500) return 'ok';
  return method === 'GET' ? 'replayable' : 'unrepeatable';
}

/** @returns how long the client waited for the end, good or bad, in milliseconds from when the request was due */
export function waitOf({ dueMs, endMs }: RequestRecord): number {
  return endMs - dueMs;
}

/** @returns milliseconds from when the request was due to the first byte of its response, or to the end without one */
export function silenceOf({ dueMs, firstByteMs, endMs }: RequestRecord): number {
  return (firstByteMs ?? endMs) - dueMs;
}
