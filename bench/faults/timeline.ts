/**
 * bench/faults/timeline.ts: what a fault did to the traffic, read from the records of its clients: when the traffic had
 * left a faulty backend and when it was back. Pure. Nothing but the outside is looked at, so that it is the same for
 * every proxy: one that repeats a lost request within a millisecond has never sent its clients anywhere bad.
 */
import { outcomeOf, type RequestRecord, waitOf } from '../load/record.js';

/** Resolution of the figures of a run. */
export const BUCKET_MS = 100;
/** Traffic has left a faulty backend once at most this share of the requests due in a bucket meets the fault. */
const STRAY_SHARE = 0.1;
/** Traffic has not left when it still meets the fault this close to the fault's end. */
const AT_THE_END_MS = 300;
/** Traffic is back when a backend has this share of what it had before, in so many buckets in a row. */
const BACK_SHARE = 0.5;
const BACK_FOR_BUCKETS = 5;

/** Start, fault, end of the fault and end of one run, in milliseconds of the clock of the records. */
export interface RunTimes {
  readonly startMs: number;
  readonly faultMs: number;
  readonly undoneMs: number;
  /** The last moment at which a request was due. */
  readonly endMs: number;
}

/** How it shows that a request met the fault, besides by failing. */
export interface Harm {
  /** The backends that have the fault. */
  readonly victims: ReadonlySet<string>;
  /** Whether a response from a victim counts as meeting the fault. */
  readonly shunned: boolean;
  /** A request that took longer has met the fault. */
  readonly stallMs: number;
}

export function meetsFault(record: RequestRecord, { victims, shunned, stallMs }: Harm): boolean {
  if (outcomeOf(record) !== 'ok' || waitOf(record) > stallMs) return true;
  return shunned && victims.has(record.backend);
}

/** @returns the records that were due in `[fromMs, toMs)` */
export function dueWithin(records: readonly RequestRecord[], fromMs: number, toMs: number): readonly RequestRecord[] {
  return records.filter(({ dueMs }) => dueMs >= fromMs && dueMs < toMs);
}

/**
 * @returns milliseconds from the fault until clients met it no more, a multiple of {@link BUCKET_MS}; `undefined` when
 * they still did at its end
 */
export function leftAfterMs(records: readonly RequestRecord[], marks: RunTimes, harm: Harm): number | undefined {
  const { faultMs, undoneMs } = marks;
  const [due, met] = [new Counts(faultMs, undoneMs), new Counts(faultMs, undoneMs)];
  for (const record of dueWithin(records, faultMs, undoneMs)) {
    due.add(record.dueMs);
    if (meetsFault(record, harm)) met.add(record.dueMs);
  }
  const last = due.counts.findLastIndex((count, at) => (met.counts[at] ?? 0) > count * STRAY_SHARE);
  const leftMs = (last + 1) * BUCKET_MS;
  return leftMs > undoneMs - faultMs - AT_THE_END_MS ? undefined : leftMs;
}

/**
 * @returns milliseconds from the end of the fault until its victims had their traffic again, a multiple of
 * {@link BUCKET_MS}; `undefined` when they had not within the run, or had none before
 */
export function backAfterMs(
  records: readonly RequestRecord[],
  { startMs, faultMs, undoneMs, endMs }: RunTimes,
  { victims }: Harm,
): number | undefined {
  const served = records.filter((record) => outcomeOf(record) === 'ok' && victims.has(record.backend));
  const before = dueWithin(served, startMs, faultMs).length;
  const wanted = BACK_SHARE * (before / (faultMs - startMs)) * BUCKET_MS * BACK_FOR_BUCKETS;
  const after = new Counts(undoneMs, endMs);
  // Counted by when requests were due: late responses of a hung backend say nothing about its traffic now.
  for (const { dueMs } of dueWithin(served, undoneMs, endMs)) after.add(dueMs);
  if (before === 0) return undefined;
  for (let at = 0; at + BACK_FOR_BUCKETS <= after.counts.length; at++) {
    const held = after.counts.slice(at, at + BACK_FOR_BUCKETS);
    if (held.every((count) => count > 0) && sum(held) >= wanted) return at * BUCKET_MS;
  }
  return undefined;
}

/** @returns each backend's share of the requests that were due then and served, 0 to 1; empty when none was */
export function sharesWithin(
  records: readonly RequestRecord[],
  fromMs: number,
  toMs: number,
  backends: readonly string[],
): number[] {
  const served = dueWithin(records, fromMs, toMs).filter((record) => outcomeOf(record) === 'ok');
  if (served.length === 0) return [];
  return backends.map((name) => served.filter(({ backend }) => backend === name).length / served.length);
}

/** What happened in one bucket of a run. */
export interface Bucket {
  /** Start of the bucket, in milliseconds from the fault. */
  readonly atMs: number;
  readonly due: number;
  readonly failed: number;
  readonly longestWaitMs: number;
  /** Requests served by each backend, in the order of the given names. */
  readonly served: readonly number[];
}

/** @returns the buckets of the whole run; a request counts in the bucket in which it was due */
export function timelineOf(
  records: readonly RequestRecord[],
  { startMs, faultMs, endMs }: RunTimes,
  backends: readonly string[],
): Bucket[] {
  const buckets = Array.from({ length: Math.ceil((endMs - startMs) / BUCKET_MS) }, (_, at) => {
    const fromMs = startMs + at * BUCKET_MS;
    return { atMs: Math.round(fromMs - faultMs), due: 0, failed: 0, longestWaitMs: 0, served: backends.map(() => 0) };
  });
  for (const record of records) {
    const bucket = buckets[Math.floor((record.dueMs - startMs) / BUCKET_MS)];
    if (bucket === undefined) continue;
    bucket.due += 1;
    bucket.longestWaitMs = Math.max(bucket.longestWaitMs, Math.round(waitOf(record)));
    const by = backends.indexOf(record.backend);
    if (outcomeOf(record) !== 'ok') bucket.failed += 1;
    else if (by >= 0) bucket.served[by] = (bucket.served[by] ?? 0) + 1;
  }
  return buckets;
}

/** Counts events by bucket from `fromMs` on; events after the last whole bucket are left out. */
class Counts {
  readonly counts: number[];
  readonly #fromMs: number;

  constructor(fromMs: number, toMs: number) {
    this.#fromMs = fromMs;
    this.counts = Array.from({ length: Math.max(0, Math.floor((toMs - fromMs) / BUCKET_MS)) }, () => 0);
  }

  add(atMs: number): void {
    const bucket = Math.floor((atMs - this.#fromMs) / BUCKET_MS);
    const count = this.counts[bucket];
    if (count !== undefined) this.counts[bucket] = count + 1;
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
