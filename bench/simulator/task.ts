/** simulator/task.ts: one row of one scenario, run on a piscina thread. Named, not sent: a setup holds functions. */
import type { Figures } from './recorder.js';
import { SCENARIOS } from './scenarios/index.js';
import { simulate } from './simulation.js';

export interface RowTask {
  readonly scenario: string;
  readonly label: string;
  readonly seed: number;
}

export default function runRow({ scenario, label, seed }: RowTask): Figures {
  const row = SCENARIOS.find(({ name }) => name === scenario)?.rows.find((candidate) => candidate.label === label);
  if (row === undefined) throw new Error(`There is no row "${label}" in scenario "${scenario}"`);
  return simulate(row.setup, seed);
}
