import { expect } from 'chai';
import { cgroupQuota, usableCpus } from '../../src/config/cpu-count.js';
import { MAX_WORKERS } from '../../src/config/schema.js';

const V2_MOUNT = '30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate';
const V1_MOUNT = '33 32 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct';

const files = (entries: Record<string, string>) => (path: string) => entries[path];

describe('The CPUs that may be used', () => {
  it('are those of the affinity mask where there is no cgroup', () => {
    expect(usableCpus(files({}), 6)).to.equal(6);
  });

  it('are capped by a cgroup v2 quota, rounded up', () => {
    const read = files({
      '/proc/self/cgroup': '0::/\n',
      '/proc/self/mountinfo': V2_MOUNT,
      '/sys/fs/cgroup/cpu.max': '150000 100000\n',
    });
    expect(cgroupQuota(read)).to.equal(1.5);
    expect(usableCpus(read, 64)).to.equal(2);
    expect(usableCpus(read, 1)).to.equal(1);
  });

  it('obey the smallest quota on the way up to the root', () => {
    const read = files({
      '/proc/self/cgroup': '0::/system.slice/app.service\n',
      '/proc/self/mountinfo': V2_MOUNT,
      '/sys/fs/cgroup/system.slice/app.service/cpu.max': 'max 100000\n',
      '/sys/fs/cgroup/system.slice/cpu.max': '300000 100000\n',
    });
    expect(usableCpus(read, 64)).to.equal(3);
  });

  it('are not limited by "max"', () => {
    const read = files({
      '/proc/self/cgroup': '0::/\n',
      '/proc/self/mountinfo': V2_MOUNT,
      '/sys/fs/cgroup/cpu.max': 'max 100000\n',
    });
    expect(cgroupQuota(read)).to.equal(undefined);
  });

  it('obey a cgroup v1 quota, also where the path is the host’s and not visible', () => {
    const read = files({
      '/proc/self/cgroup': '12:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n',
      '/proc/self/mountinfo': V1_MOUNT.replace(' / ', ' /docker/abc '),
      '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '250000\n',
      '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
    });
    expect(usableCpus(read, 64)).to.equal(3);
  });

  it('are not limited by a v1 quota of -1', () => {
    const read = files({
      '/proc/self/cgroup': '4:cpu,cpuacct:/\n',
      '/proc/self/mountinfo': V1_MOUNT,
      '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '-1\n',
      '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
    });
    expect(cgroupQuota(read)).to.equal(undefined);
  });

  it('see both hierarchies of a hybrid host', () => {
    const read = files({
      '/proc/self/cgroup': '4:cpu,cpuacct:/\n0::/\n',
      '/proc/self/mountinfo': `${V2_MOUNT.replace('/sys/fs/cgroup', '/sys/fs/cgroup/unified')}\n${V1_MOUNT}\n`,
      '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '50000\n',
      '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
    });
    expect(usableCpus(read, 8)).to.equal(1);
  });

  it('never come to more workers than a configuration may have', () => {
    expect(usableCpus(files({}), 1_000)).to.equal(MAX_WORKERS);
  });
});
