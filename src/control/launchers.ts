/**
 * control/launchers.ts: how the parts are started that run either in processes and threads of their own or in this one:
 * the workers and what probes.
 */
import { fileURLToPath } from 'node:url';
import type { Accept } from './accept.js';
import { type Prober, type ReadBackendTls, ThreadProber } from './thread-prober.js';
import type { OpenChannel } from './worker-channel.js';
import { workerForks } from './worker-fork.js';

/** Files of the compiled programs that run elsewhere than on the primary's own thread, absolute paths. */
export interface Programs {
  readonly worker: string;
  readonly probe: string;
  readonly hashTable: string;
}

export const PROGRAMS: Programs = {
  worker: fileURLToPath(new URL('../../workers/main.js', import.meta.url)),
  probe: fileURLToPath(new URL('../../workers/tasks/probe.js', import.meta.url)),
  hashTable: fileURLToPath(new URL('../../workers/tasks/hash-table.js', import.meta.url)),
};

export interface Launchers {
  readonly openWorker: OpenChannel;
  readonly startProber: (backendTls: ReadBackendTls) => Prober;
}

/**
 * Workers as processes, probes on a thread.
 * @param embedded whether this process is somebody else's program, which may have workers of its own
 */
export function processLaunchers(programs: Programs, accept: Accept, embedded: boolean): Launchers {
  return {
    openWorker: workerForks(programs.worker, accept, embedded),
    startProber: (backendTls) => new ThreadProber(programs.probe, backendTls),
  };
}
