/**
 * bench/process-tree.ts: what a process and all its descendants have used, read from Linux's /proc (proc(5)). A proxy
 * with workers is charged for its primary too.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** The fields of /proc/PID/stat that are used here. */
export interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  /** User and system time since the process began, all its threads included, in microseconds. */
  readonly cpuMicros: number;
  /** CPU time of its children that have ended, in microseconds. */
  readonly endedMicros: number;
}

export interface TreeUsage {
  readonly cpuMicros: number;
  /** Resident memory in bytes; pages that several processes share count once for each. */
  readonly rssBytes: number;
}

// The kernel reports times in USER_HZ to user space, which is 100 on every Linux architecture Node runs on.
const MICROS_PER_TICK = 10_000;
// Field numbers of proc(5) less 3: the fields are counted from the one after the command name.
const PARENT = 1;
const USER_TIME = 11;
const SYSTEM_TIME = 12;
const ENDED_USER_TIME = 13;
const ENDED_SYSTEM_TIME = 14;
/** Columns of the first line of /proc/stat that are not work: idle and iowait. */
const RESTING = [3, 4];
/** Column of guest time, which user time includes already. */
const GUEST = 8;

/** @returns the fields, or `undefined` when `text` is no stat line */
export function parseProcessStat(text: string): ProcessStat | undefined {
  // The command name may hold spaces and parentheses of its own, so only the last one closes it.
  const nameEnd = text.lastIndexOf(')');
  const fields = text.slice(nameEnd + 2).split(' ');
  const pid = Number.parseInt(text, 10);
  const parent = Number(fields[PARENT]);
  const ticks = Number(fields[USER_TIME]) + Number(fields[SYSTEM_TIME]);
  const ended = Number(fields[ENDED_USER_TIME]) + Number(fields[ENDED_SYSTEM_TIME]);
  if (nameEnd < 0 || !Number.isInteger(pid + parent + ticks + ended)) return undefined;
  return { pid, parent, cpuMicros: ticks * MICROS_PER_TICK, endedMicros: ended * MICROS_PER_TICK };
}

/** @returns the time that all cores together have worked, from the text of /proc/stat */
export function parseBusyMicros(text: string): number {
  const [, ...columns] = text
    .slice(0, text.indexOf('\n'))
    .trim()
    .split(/\s+/)
    .slice(0, 1 + GUEST)
    .map(Number);
  return columns.reduce((sum, ticks, column) => (RESTING.includes(column) ? sum : sum + ticks), 0) * MICROS_PER_TICK;
}

/** @returns `VmRSS` of a /proc/PID/status text in bytes; 0 for a process that has ended */
export function parseResidentBytes(status: string): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(status);
  return match === null ? 0 : Number(match[1]) * 1_024;
}

/** @returns what is private in a /proc/PID/smaps_rollup text, in bytes; 0 for a process that has ended */
export function parsePrivateBytes(rollup: string): number {
  const lines = rollup.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB$/gm);
  return [...lines].reduce((sum, [, kib]) => sum + Number(kib) * 1_024, 0);
}

/** @returns `root` and everything below it, in any order; empty when `root` is not in `all` */
export function treeOf(root: number, all: readonly ProcessStat[]): ProcessStat[] {
  const tree = all.filter((stat) => stat.pid === root);
  for (const member of tree) tree.push(...all.filter((stat) => stat.parent === member.pid));
  return tree;
}

/** Whether this system tells how much CPU time a process used. */
export const canReadUsage = existsSync('/proc/self/stat') && existsSync('/proc/self/status');

/** @returns `root` and its descendants as they are now; empty where that cannot be known */
export function processTree(root: number): ProcessStat[] {
  return canReadUsage ? treeOf(root, runningProcesses()) : [];
}

/** @returns the sum over `root` and its descendants, or `undefined` where it cannot be known */
export function readTreeUsage(root: number): TreeUsage | undefined {
  const tree = processTree(root);
  if (tree.length === 0) return undefined;
  return {
    cpuMicros: tree.reduce((sum, stat) => sum + stat.cpuMicros, 0),
    rssBytes: tree.reduce((sum, stat) => sum + parseResidentBytes(readOrEmpty(`/proc/${stat.pid}/status`)), 0),
  };
}

/** @returns resident memory of `root` and its descendants that no other process has; dear to read */
export function readPrivateBytes(root: number): number {
  return processTree(root).reduce(
    (sum, { pid }) => sum + parsePrivateBytes(readOrEmpty(`/proc/${pid}/smaps_rollup`)),
    0,
  );
}

/**
 * @returns CPU time of all cores that this process and its descendants, running or ended, did not use; only the
 * difference of two readings has a meaning. `undefined` where it cannot be known
 */
export function readForeignMicros(): number | undefined {
  if (!canReadUsage) return undefined;
  const tree = processTree(process.pid);
  const own = tree.reduce((sum, { cpuMicros, endedMicros }) => sum + cpuMicros + endedMicros, 0);
  return parseBusyMicros(readOrEmpty('/proc/stat')) - own;
}

function runningProcesses(): ProcessStat[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const stats = pids.map((pid) => parseProcessStat(readOrEmpty(`/proc/${pid}/stat`)));
  return stats.filter((stat) => stat !== undefined);
}

/** A process may end between the listing and the read. */
function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
