/** bench/scenarios/under-load.ts: full load, in slices that rotate over all subjects. */
import type { LoadSender } from '../load-tool.js';
import { measureInTurn, measureSlice, SLICE_COLUMNS } from '../rounds.js';
import type { Scenario, ScenarioContext, ScenarioResult } from '../scenario.js';
import { type StartedSubjects, startBackends, startSubjects } from '../stage.js';
import type { Traffic } from '../traffic.js';

export function underLoad(traffic: Traffic): Scenario['run'] {
  return async (bench) => {
    const { options, tool, plan, children } = bench;
    const backends = await startBackends(children, traffic.responseBytes ?? options.body, plan.load);
    const stage = await startSubjects(bench, backends);
    return rotate(bench, stage, tool.prepare(traffic, children, plan.load));
  };
}

/** Measures every subject of `stage` under `load`. */
export async function rotate(
  { options, progress }: ScenarioContext,
  { running, absent }: StartedSubjects,
  load: LoadSender,
): Promise<ScenarioResult> {
  const onTurn = (round: number): void => progress(round === 0 ? 'warm-up' : `round ${round}/${options.rounds}`);
  const plan = { rounds: options.rounds, warmUp: true, onTurn };
  const tracks = await measureInTurn(running, plan, (subject) => measureSlice(subject, load, options));
  return { columns: SLICE_COLUMNS, tracks, absent };
}
