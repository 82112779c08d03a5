/** bench/machine.ts: the machine a figure comes from, without which it says little. */
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  /** Processes that wanted to run when the bench began, as an average over a minute. */
  readonly busy: number;
}

export function readMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown CPU',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.versions.node,
    busy: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  };
}

/** @returns lines for people; the last one warns when the machine was not idle */
export function describeMachine({ cpu, cores, memoryGiB, system, node, busy }: Machine): string[] {
  const lines = [`${cpu}, ${cores} cores, ${memoryGiB} GiB, ${system}, Node ${node}`];
  if (busy > cores / 4) lines.push(`other work is running (load ${busy}): do not trust the absolute figures`);
  return lines;
}
