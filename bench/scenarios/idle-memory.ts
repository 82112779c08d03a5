/** bench/scenarios/idle-memory.ts: memory of a process tree that has started and has nothing to do. */
import { setTimeout as sleep } from 'node:timers/promises';
import { readPrivateBytes, readTreeUsage } from '../process-tree.js';
import type { ScenarioContext, ScenarioResult } from '../scenario.js';
import { startBackends, startSubjects } from '../stage.js';

/** Time for the memory of the start to be given back. */
const SETTLE_MS = 5_000;

const COLUMNS = [
  { title: 'RSS MiB', metric: 'rssMiB', way: 'median', digits: 0 },
  { title: 'of its own', metric: 'privateMiB', way: 'median', digits: 0 },
] as const;

/** "RSS" counts pages that several processes share once for each; "of its own" leaves them out. */
export async function idleMemory(bench: ScenarioContext): Promise<ScenarioResult> {
  const backends = await startBackends(bench.children, bench.options.body, bench.plan.load);
  const { running, absent } = await startSubjects(bench, backends);
  bench.progress('at rest');
  await sleep(SETTLE_MS);
  const tracks = running.map(({ name, label, twinOf, child }) => {
    const usage = readTreeUsage(child.pid);
    const sample = {
      rssMiB: usage && usage.rssBytes / 2 ** 20,
      privateMiB: usage && readPrivateBytes(child.pid) / 2 ** 20,
    };
    return { name, label, twinOf, samples: [sample], failure: undefined };
  });
  return { columns: COLUMNS, tracks, absent };
}
