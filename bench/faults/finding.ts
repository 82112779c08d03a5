/** bench/faults/finding.ts: one run of one fault against one proxy, as the figures that are reported. Pure. */

import { outcomeOf, type RequestOutcome, type RequestRecord, silenceOf, waitOf } from '../load/record.js';
import { percentile } from '../statistics.js';
import {
  type Bucket,
  backAfterMs,
  dueWithin,
  type Harm,
  leftAfterMs,
  type RunTimes,
  sharesWithin,
  timelineOf,
} from './timeline.js';

/** Length of the phase "after": the last part of the run, when the distribution has settled again. */
const SETTLED_MS = 2_000;

export interface Finding {
  /** All requests that were due; each of them has ended. */
  readonly requests: number;
  readonly failures: Readonly<Record<Exclude<RequestOutcome, 'ok'>, number>>;
  /** Failed requests by what their client got: `no answer`, `broken 200`, `502`, ... */
  readonly failedWith: Readonly<Record<string, number>>;
  /** POSTs that backends received more than once. */
  readonly sentTwice: number;
  /** The longest time of a GET to its first byte or its failure, of those that ended after the fault began. */
  readonly longestWaitMs: number;
  /** The same for POSTs, which must wait for a hung backend that may have received them. */
  readonly longestPostWaitMs: number;
  /** The longest time from first byte to end, good or bad, of requests that ended after the fault began. */
  readonly longestResponseMs: number;
  /** From the start of the fault until clients no longer met it; `undefined` when they met it until its end. */
  readonly leftAfterMs: number | undefined;
  /** From the end of the fault until its victims had their traffic again; `undefined` when not within the run. */
  readonly backAfterMs: number | undefined;
  readonly phases: Readonly<Record<'before' | 'during' | 'after', Phase>>;
  readonly timeline: readonly Bucket[];
}

export interface Measured {
  readonly finding: Finding;
  /** The most requests per second that could be served. */
  readonly capacity: number;
}

export interface Phase {
  /** Each backend's share of the served requests, 0 to 1. */
  readonly shares: readonly number[];
  /** Requests per second whose response ended in the phase. */
  readonly servedPerSecond: number;
  /** Of the served requests that were due in the phase; `undefined` when there are none. */
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
}

/**
 * @param backends their names, in the order of the shares
 * @param deliveredPosts ids of the POSTs that backends received; an id that was received twice is there twice
 */
export function findingOf(
  records: readonly RequestRecord[],
  marks: RunTimes,
  harm: Harm,
  backends: readonly string[],
  deliveredPosts: readonly string[],
): Finding {
  const { startMs, faultMs, undoneMs, endMs } = marks;
  const countOf = (outcome: RequestOutcome): number => records.filter((each) => outcomeOf(each) === outcome).length;
  const phase = (fromMs: number, toMs: number): Phase => phaseOf(records, fromMs, toMs, backends);
  const since = records.filter((record) => record.endMs >= faultMs);
  return {
    requests: records.length,
    failures: {
      replayable: countOf('replayable'),
      begun: countOf('begun'),
      unrepeatable: countOf('unrepeatable'),
    },
    failedWith: failedWith(records),
    sentTwice: deliveredPosts.length - new Set(deliveredPosts).size,
    longestWaitMs: longestSilence(since, 'GET'),
    longestPostWaitMs: longestSilence(since, 'POST'),
    longestResponseMs: since.reduce((longest, record) => Math.max(longest, waitOf(record) - silenceOf(record)), 0),
    leftAfterMs: leftAfterMs(records, marks, harm),
    backAfterMs: backAfterMs(records, marks, harm),
    phases: {
      before: phase(startMs, faultMs),
      during: phase(faultMs, undoneMs),
      after: phase(Math.max(undoneMs, endMs - SETTLED_MS), endMs),
    },
    timeline: timelineOf(records, marks, backends),
  };
}

function longestSilence(records: readonly RequestRecord[], method: RequestRecord['method']): number {
  const silences = records.filter((record) => record.method === method).map(silenceOf);
  return silences.reduce((longest, silence) => Math.max(longest, silence), 0);
}

function phaseOf(records: readonly RequestRecord[], fromMs: number, toMs: number, backends: readonly string[]): Phase {
  const served = records.filter((record) => outcomeOf(record) === 'ok');
  const waits = dueWithin(served, fromMs, toMs).map(waitOf);
  const ended = served.filter(({ endMs }) => endMs >= fromMs && endMs < toMs).length;
  return {
    shares: sharesWithin(records, fromMs, toMs, backends),
    servedPerSecond: toMs > fromMs ? (ended * 1_000) / (toMs - fromMs) : 0,
    p50Ms: percentile(waits, 0.5),
    p99Ms: percentile(waits, 0.99),
  };
}

function failedWith(records: readonly RequestRecord[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const record of records) {
    if (outcomeOf(record) === 'ok') continue;
    const what = describe(record);
    counts[what] = (counts[what] ?? 0) + 1;
  }
  return counts;
}

function describe({ ending, status }: RequestRecord): string {
  switch (ending) {
    case 'complete':
      return String(status);
    case 'broken':
      return status === 0 ? 'broken in the head' : `broken ${status}`;
    case 'no-answer':
      return 'no answer';
  }
}
