/** bench/load-tool.ts: chooses the load generator: wrk where it is installed, else autocannon. */
import { autocannonLoad } from './autocannon.js';
import type { LoadTool } from './load.js';
import { findProgram, packageVersion, programVersion } from './programs.js';
import { wrkLoad } from './wrk.js';

export const WRK_HINT = 'wrk is not installed (apt-get install wrk, brew install wrk): autocannon sends the load';

export function chooseLoadTool(): LoadTool {
  const wrk = findProgram('wrk');
  if (wrk === undefined) return { label: `autocannon ${packageVersion('autocannon')}`, prepare: autocannonLoad };
  return {
    label: `wrk ${programVersion(wrk, '-v')}`,
    prepare: (traffic, children, cores) => wrkLoad(wrk, traffic, children, cores),
  };
}
