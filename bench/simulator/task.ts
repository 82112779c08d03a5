/** simulator/task.ts: one run of one scenario, on a piscina thread. It is given names: a setup holds functions. */
import type { Figures } from './recorder.js';
import { SCENARIOS } from './scenarios/index.js';
import { simulate } from './simulation.js';

export interface RunTask {
  readonly scenario: string;
  /** Index of the run in the scenario. */
  readonly run: number;
  readonly seed: number;
}

export default function runOne(task: RunTask): Figures {
  const run = SCENARIOS.find(({ name }) => name === task.scenario)?.runs[task.run];
  if (run === undefined) throw new Error(`There is no run ${task.run} in scenario "${task.scenario}"`);
  return simulate(run.setup, task.seed);
}
