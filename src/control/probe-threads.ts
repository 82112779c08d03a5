/** control/probe-threads.ts: runs probes on piscina threads: a handful of threads, hundreds of probes on each. */
import { Piscina } from 'piscina';
import type { ProbeResult, ProbeTask } from '../core/probe.js';

export interface Prober {
  /** @throws {Error} when the probe could not even be tried, which says nothing about the backend */
  probe(task: ProbeTask): Promise<ProbeResult>;
  /** Ends the threads; probes under way are rejected. */
  close(): Promise<void>;
}

const THREADS = 2;
/** Each holds a socket, and a common limit is 1,024 open files per process. */
const PROBES_PER_THREAD = 200;

/** @param file the compiled task, an absolute path */
export function startProbeThreads(file: string): Prober {
  const threads = new Piscina<ProbeTask, ProbeResult>({
    filename: file,
    minThreads: 1,
    maxThreads: THREADS,
    concurrentTasksPerWorker: PROBES_PER_THREAD,
    // A thread that slept in Atomics.wait could not close the sockets of the probe it just answered.
    atomics: 'disabled',
    recordTiming: false,
  });
  // A thread that dies rejects its probes and is replaced; without a listener the event would end the process.
  threads.on('error', () => {});
  return {
    probe: (task) => threads.run(task),
    close: () => threads.destroy(),
  };
}
