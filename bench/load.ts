/** bench/load.ts: what the bench asks of a load generator. Two can do it: wrk, which is cheap, and autocannon. */
import type { Children } from './children.js';
import type { Traffic } from './traffic.js';

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

/** One kind of traffic, ready to be sent as often as wanted. */
export interface Load {
  /** @throws {Error} when the generator fails, or says nothing that can be read */
  readonly send: (order: LoadOrder) => Promise<LoadResult>;
}

export interface LoadTool {
  /** Name and version. */
  readonly label: string;
  /** @param cores where the generator runs */
  readonly prepare: (traffic: Traffic, children: Children, cores: readonly number[]) => Load;
}

/** Beyond the load's own seconds; a generator that hangs must not hang the bench. */
const GRACE_MS = 15_000;

/** @returns the load that `command` sends and `parse` reads from what the program prints */
export function loadOf(
  command: (order: LoadOrder) => readonly string[],
  parse: (output: string) => LoadResult,
  children: Children,
  cores: readonly number[],
): Load {
  return {
    send: async (order) => parse(await children.run(command(order), cores, order.seconds * 1_000 + GRACE_MS)),
  };
}
