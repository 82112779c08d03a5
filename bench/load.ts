/** bench/load.ts: what the bench asks of a load generator. Two can do it: wrk, which is cheap, and autocannon. */
import type { Scenario } from './scenarios.js';

export interface LoadOrder {
  readonly url: string;
  readonly connections: number;
  /** Whole seconds, at least 1. */
  readonly seconds: number;
}

export interface LoadResult {
  /** Complete answers, those with an error status included. */
  readonly requests: number;
  /** How long the load really ran. */
  readonly seconds: number;
  /** `undefined` where the tool cannot tell. */
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
  /** Socket errors, time-outs, and answers with an error status. */
  readonly errors: number;
}

/** One scenario's traffic, ready to be sent as often as wanted. */
export interface Load {
  readonly command: (order: LoadOrder) => readonly string[];
  /** @throws {Error} when `output` is not what the program prints at its end */
  readonly parse: (output: string) => LoadResult;
}

export interface LoadTool {
  /** Name and version. */
  readonly label: string;
  /** @param folder where the tool may keep a file for `scenario` */
  readonly prepare: (scenario: Scenario, folder: string) => Load;
}
