/**
 * core/log-filter.ts: decides which lines of the access log are kept. It is asked at the end of a request, before the line
 * is formatted, so a line that is not kept costs a few comparisons.
 */
import type { Reason } from './reason.js';

/** Classes of a status. */
export const STATUS_CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const;
export type StatusClass = (typeof STATUS_CLASSES)[number];

/** What a line has to be like; each key that is given has to hold. */
export interface LogRule {
  /** Name of the route. */
  readonly route?: string | undefined;
  /** Prefix of the path as the client sent it, in whole segments. */
  readonly path?: string | undefined;
  readonly status?: number | StatusClass | undefined;
  /** It took longer than this, in milliseconds. */
  readonly slowerThan?: number | undefined;
  /** Whether it is an error of the server side: see {@link isError}. */
  readonly errors?: boolean | undefined;
}

export interface LogFilterSettings {
  /** Lines are kept that meet one of these; all if there are none. */
  readonly only?: readonly LogRule[] | undefined;
  /** Lines are left out that meet one of these. */
  readonly except?: readonly LogRule[] | undefined;
  /** Lines are kept that meet one of these, whatever the rest says. */
  readonly always?: readonly LogRule[] | undefined;
  /** Share of the other lines that is kept, from 0 to 1. */
  readonly sample: number;
}

/** A request, or a TCP connection, that has ended, as far as a rule can ask. */
export interface FilteredEntry {
  /** Name of the route; '' for none. */
  readonly route: string;
  /** The status of a response; 0 for a TCP connection. */
  readonly status: number;
  readonly durationUs: number;
  /** Why a request or a connection ended as it did; '' for a request that simply got a backend's response. */
  readonly outcome: string;
  /** Whether the path begins with `prefix`, in whole segments. */
  isUnder(prefix: string): boolean;
}

/** Reasons that lie with backends or with the balancer, under which also an answer that had begun was cut. */
const ERROR_REASONS: ReadonlySet<string> = new Set<Reason | 'backend-reset'>([
  ...(['overloaded', 'no-backend', 'no-socket', 'queue-full', 'queue-timeout', 'circuit-open'] as const),
  ...(['refused', 'connect-timeout', 'reset', 'timeout', 'bad-response', 'stopped', 'backend-reset'] as const),
]);

/** Whether an entry is a 5xx, a response that was cut for another than its client, or a TCP connection without a backend. */
export function isError({ status, outcome }: Pick<FilteredEntry, 'status' | 'outcome'>): boolean {
  // A tunnel that was idle for too long is none.
  return status >= 500 || (status !== 101 && ERROR_REASONS.has(outcome));
}

type Test = (entry: FilteredEntry) => boolean;

export class LogFilter {
  private readonly always: readonly Test[];
  private readonly except: readonly Test[];
  /** `undefined` for all lines. */
  private readonly only: readonly Test[] | undefined;
  private readonly sample: number;
  private readonly random: () => number;

  /** @param random a number from 0 up to and without 1, by which lines are sampled */
  constructor({ only, except = [], always = [], sample }: LogFilterSettings, random: () => number) {
    this.always = always.map(testOf);
    this.except = except.map(testOf);
    this.only = only?.map(testOf);
    this.sample = sample;
    this.random = random;
  }

  /** Whether the line of `entry` is to be written. */
  keeps(entry: FilteredEntry): boolean {
    if (this.always.some((test) => test(entry))) return true;
    if (this.except.some((test) => test(entry))) return false;
    if (this.only !== undefined && !this.only.some((test) => test(entry))) return false;
    return this.sample >= 1 || this.random() < this.sample;
  }
}

/** @returns a test of all that the rule asks for, the cheapest first */
function testOf({ route, path, status, slowerThan, errors }: LogRule): Test {
  const tests: Test[] = [];
  if (status !== undefined) tests.push(statusTest(status));
  if (slowerThan !== undefined) tests.push(({ durationUs }) => durationUs > slowerThan * 1_000);
  if (route !== undefined) tests.push((entry) => entry.route === route);
  if (errors !== undefined) tests.push((entry) => isError(entry) === errors);
  if (path !== undefined) tests.push((entry) => entry.isUnder(path));
  const [first, ...others] = tests;
  if (first === undefined) return () => true;
  return others.length === 0 ? first : (entry) => tests.every((test) => test(entry));
}

function statusTest(wanted: number | StatusClass): Test {
  if (typeof wanted === 'number') return ({ status }) => status === wanted;
  const from = (STATUS_CLASSES.indexOf(wanted) + 1) * 100;
  return ({ status }) => status >= from && status < from + 100;
}
