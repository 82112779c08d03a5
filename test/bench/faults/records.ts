/** test/bench/faults/records.ts: traffic as a test wants it: one request every 10 ms, and what became of each. */
import type { RequestRecord } from '../../../bench/load/record.js';

/** A GET that `b1` answered 5 ms after it was due. */
export function served(dueMs: number, other: Partial<RequestRecord> = {}): RequestRecord {
  const answer = { firstByteMs: dueMs + 4, endMs: dueMs + 5, ending: 'complete', status: 200, backend: 'b1' } as const;
  return { method: 'GET', dueMs, ...answer, ...other };
}

/** A GET whose client got nothing. */
export function unanswered(dueMs: number, other: Partial<RequestRecord> = {}): RequestRecord {
  return served(dueMs, { firstByteMs: null, ending: 'no-answer', status: 0, backend: '', ...other });
}

/** One request every 10 ms in `[fromMs, toMs)`; `of` makes the record of each, by its place from 0 on. */
export function traffic(
  fromMs: number,
  toMs: number,
  of: (dueMs: number, index: number) => RequestRecord,
): RequestRecord[] {
  return Array.from({ length: (toMs - fromMs) / 10 }, (_, index) => of(fromMs + index * 10, index));
}

/** For {@link traffic}: three backends answer in turn. */
export function inTurns(dueMs: number, index: number): RequestRecord {
  return served(dueMs, { backend: `b${(index % 3) + 1}` });
}
