/**
 * config/cpu-count.ts: the number of CPUs that this process may use, for `--workers auto`. A container sees every CPU
 * of its host, so the affinity mask alone would start sixty-four workers on a quota of two.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { posix } from 'node:path';
import { MAX_WORKERS } from './schema.js';

/** Reads a file. @returns its text; `undefined` if it cannot be read */
export type ReadText = (path: string) => string | undefined;

/** @returns CPUs by affinity, capped by the cgroup quota rounded up; 1 to {@link MAX_WORKERS} */
export function usableCpus(read: ReadText = readText, byAffinity: number = availableParallelism()): number {
  const quota = cgroupQuota(read) ?? Number.POSITIVE_INFINITY;
  return Math.max(1, Math.min(byAffinity, Math.ceil(quota), MAX_WORKERS));
}

/**
 * @returns the smallest CPU quota of the process's cgroup and its ancestors, in CPUs; `undefined` if none has a quota.
 * Sources: cgroups(7), proc_pid_mountinfo(5), the kernel's cgroup-v2.rst ("cpu.max") and sched-bwc.rst.
 */
export function cgroupQuota(read: ReadText): number | undefined {
  const memberships = read('/proc/self/cgroup');
  const mounts = read('/proc/self/mountinfo');
  if (memberships === undefined || mounts === undefined) return undefined;
  const quotas = hierarchies(memberships, mounts).flatMap(({ version, directories }) =>
    directories.map((directory) => (version === 2 ? quotaV2(directory, read) : quotaV1(directory, read))),
  );
  const limits = quotas.filter((quota) => quota !== undefined);
  return limits.length === 0 ? undefined : Math.min(...limits);
}

interface Hierarchy {
  readonly version: 1 | 2;
  /** Directories of the process's cgroup and of its ancestors, up to the highest that is mounted. */
  readonly directories: readonly string[];
}

function hierarchies(memberships: string, mounts: string): readonly Hierarchy[] {
  return mounts.split('\n').flatMap((line): readonly Hierarchy[] => {
    const [left = '', right = ''] = line.split(' - ');
    const [, , , root, mountPoint] = left.split(' ');
    const [type, , options = ''] = right.split(' ');
    if (root === undefined || mountPoint === undefined) return [];
    if (type === 'cgroup2') return hierarchy(2, mountPoint, root, memberOf(memberships, ''));
    const isCpu = type === 'cgroup' && options.split(',').includes('cpu');
    return isCpu ? hierarchy(1, mountPoint, root, memberOf(memberships, 'cpu')) : [];
  });
}

function hierarchy(version: 1 | 2, mountPoint: string, root: string, member: string | undefined): Hierarchy[] {
  if (member === undefined) return [];
  // Only the part below the mounted root is visible. In a container whose path is that of the host, its own cgroup is
  // on top.
  const isBelow = member === root || member.startsWith(root === '/' ? '/' : `${root}/`);
  let directory = isBelow ? posix.join(mountPoint, member.slice(root === '/' ? 0 : root.length)) : mountPoint;
  if (directory.length > 1 && directory.endsWith('/')) directory = directory.slice(0, -1);
  const directories = [directory];
  while (directory !== mountPoint && directory.startsWith(`${mountPoint}/`)) {
    directory = posix.dirname(directory);
    directories.push(directory);
  }
  return [{ version, directories }];
}

/** @param controller name of the v1 controller; '' for v2 @returns the path of the process's cgroup */
function memberOf(memberships: string, controller: string): string | undefined {
  for (const line of memberships.split('\n')) {
    const match = /^\d+:([^:]*):(.+)$/.exec(line);
    if (match?.[1]?.split(',').includes(controller)) return match[2];
  }
  return undefined;
}

function quotaV2(directory: string, read: ReadText): number | undefined {
  const [quota, period] = (read(`${directory}/cpu.max`) ?? '').trim().split(' ');
  return cpus(Number(quota), Number(period));
}

function quotaV1(directory: string, read: ReadText): number | undefined {
  // The quota of a cgroup without a limit is -1.
  return cpus(Number(read(`${directory}/cpu.cfs_quota_us`)), Number(read(`${directory}/cpu.cfs_period_us`)));
}

function cpus(quota: number, period: number): number | undefined {
  return quota > 0 && period > 0 ? quota / period : undefined;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
