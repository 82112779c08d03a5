/**
 * bench/faults/record.ts: one request as its client saw it, and which kind of failure that is. Pure; a load generator
 * makes the records, everything that is reported comes out of them.
 */
import * as z from 'zod';

/**
 * How the client's wait ended: `complete`: a whole response, whatever its status; `broken`: a response began and its
 * end is missing; `no-answer`: not one byte came.
 */
export const ENDINGS = ['complete', 'broken', 'no-answer'] as const;
export type Ending = (typeof ENDINGS)[number];

export interface RequestRecord {
  readonly method: 'GET' | 'POST';
  /** When it was to be sent, in milliseconds; a generator that is behind does not shorten the wait. */
  readonly dueMs: number;
  /** When the first byte of the response came; `null` when none did. */
  readonly firstByteMs: number | null;
  readonly endMs: number;
  readonly ending: Ending;
  /** 0 without a response head. */
  readonly status: number;
  /** The backend that put its name in the response; empty for an answer of the proxy's own and for none. */
  readonly backend: string;
}

/**
 * - `ok`: the answer that was asked for
 * - `replayable`: a GET that got none, or an error, before any byte of its response: another backend could have served it
 * - `begun`: a response broke off, which nobody can take back
 * - `unrepeatable`: a POST that got no answer, or an error: a backend may have received it, so it is not for a proxy to
 *   send it twice (RFC 9110 section 9.2.2)
 */
export type Outcome = 'ok' | 'replayable' | 'begun' | 'unrepeatable';

export function outcomeOf({ method, ending, status }: RequestRecord): Outcome {
  if (ending === 'broken') return 'begun';
  if (ending === 'complete' && status < 500) return 'ok';
  return method === 'GET' ? 'replayable' : 'unrepeatable';
}

/** @returns how long the client waited for the end, good or bad, in milliseconds from when the request was due */
export function waitOf({ dueMs, endMs }: RequestRecord): number {
  return endMs - dueMs;
}

/** @returns how long the client knew nothing, in milliseconds: to the first byte of a response or to the end without one */
export function silenceOf({ dueMs, firstByteMs, endMs }: RequestRecord): number {
  return (firstByteMs ?? endMs) - dueMs;
}

const row = z.tuple([
  z.enum(['GET', 'POST']),
  z.number(),
  z.number().nullable(),
  z.number(),
  z.enum(ENDINGS),
  z.int(),
  z.string(),
]);

/** What a load generator prints: a row per request, since names would be most of the text. */
export function encodeRecords(records: readonly RequestRecord[]): string {
  const rows: z.infer<typeof row>[] = records.map((each) => [
    each.method,
    each.dueMs,
    each.firstByteMs,
    each.endMs,
    each.ending,
    each.status,
    each.backend,
  ]);
  return JSON.stringify(rows);
}

/** @throws {Error} when `text` is not what {@link encodeRecords} makes */
export function decodeRecords(text: string): RequestRecord[] {
  return z
    .array(row)
    .parse(JSON.parse(text))
    .map(([method, dueMs, firstByteMs, endMs, ending, status, backend]) => ({
      method,
      dueMs,
      firstByteMs,
      endMs,
      ending,
      status,
      backend,
    }));
}
