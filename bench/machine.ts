/** bench/machine.ts: describes the machine that figures come from. */
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  /** Load average over the minute before the bench began. */
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

export function describeMachine({ cpu, cores, memoryGiB, system, node }: Machine): string {
  return `${cpu}, ${cores} cores, ${memoryGiB} GiB, ${system}, Node ${node}`;
}

/** @returns a warning when the machine was not idle */
export function describeBusy({ cores, busy }: Machine): string[] {
  return busy > cores / 4 ? [`other work is running (load ${busy}): do not trust the absolute figures`] : [];
}
