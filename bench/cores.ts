/**
 * bench/cores.ts: which CPU core runs what. A proxy that shares its core with the load generator is slowed by it in
 * proportion to its own speed, so the fastest would look the least fast.
 */
import { readFileSync } from 'node:fs';
import { findProgram } from './programs.js';

export interface CorePlan {
  /** Core of a proxy with one worker. */
  readonly one: readonly number[];
  /** Cores of a proxy with two workers; on a machine with two cores, the load shares one of them. */
  readonly two: readonly number[];
  /** Cores of the load generator and the backends. */
  readonly load: readonly number[];
}

export const UNPINNED: CorePlan = { one: [], two: [], load: [] };

/** @param text as in /proc/self/status: `0-3,8` */
export function parseCoreList(text: string): number[] {
  return text.split(',').flatMap((range) => {
    const match = /^\s*(\d+)(?:-(\d+))?\s*$/.exec(range);
    if (match === null) return [];
    const first = Number(match[1]);
    const last = Number(match[2] ?? first);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

/** @returns the plan for a process that may use `cores`, or `undefined` when there are too few to keep apart */
export function planCores(cores: readonly number[]): CorePlan | undefined {
  if (cores.length < 2) return undefined;
  return { one: cores.slice(0, 1), two: cores.slice(0, 2), load: cores.length > 2 ? cores.slice(2) : cores.slice(1) };
}

/** @returns the plan for this machine, or `undefined` where processes cannot be pinned */
export function machineCores(): CorePlan | undefined {
  if (findProgram('taskset') === undefined) return undefined;
  const allowed = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'latin1'));
  return planCores(parseCoreList(allowed?.[1] ?? ''));
}

export function describeCores(plan: CorePlan): string {
  if (plan.load.length === 0) return 'no process is pinned to a core';
  const shared = plan.two.some((core) => plan.load.includes(core)) ? ', one of them shared with the load' : '';
  return (
    `proxies pinned to core ${plan.one.join()}, two workers to cores ${plan.two.join()}${shared}, ` +
    `load and backends to ${plan.load.join()}`
  );
}
