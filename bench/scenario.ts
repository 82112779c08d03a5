/** bench/scenario.ts: what a scenario is, what it is given, and what it returns. */
import type { Build } from './builds.js';
import type { Children } from './children.js';
import type { CorePlan } from './cores.js';
import type { LoadTool } from './load-tool.js';
import type { Subject } from './subjects.js';
import type { Column, Track } from './track.js';

export const GROUPS = ['load', 'footprint', 'micro'] as const;

export interface Scenario {
  readonly name: string;
  readonly group: (typeof GROUPS)[number];
  readonly summary: string;
  /** Names of the subjects that take part unless the command line names others. */
  readonly subjects: readonly string[];
  readonly claims: readonly Claim[];
  readonly run: (bench: ScenarioContext) => Promise<ScenarioResult>;
}

/** A goal of this project for one figure; lower figures are better. */
export interface Claim {
  readonly subject: string;
  readonly metric: string;
  /** Names of subjects: the figure is the median ratio to the lowest of them in each round. Empty: the metric itself. */
  readonly to: readonly string[];
  /** Unit of the metric; empty for a ratio. */
  readonly unit: string;
  readonly target: number;
  readonly stretch: number | undefined;
}

/** What a scenario is given to run. */
export interface ScenarioContext {
  readonly options: BenchOptions;
  readonly tool: LoadTool;
  readonly plan: CorePlan;
  readonly children: Children;
  readonly subjects: readonly Subject[];
  /** Shows on the terminal what is going on. */
  readonly progress: (text: string) => void;
}

export interface ScenarioResult {
  readonly columns: readonly Column[];
  readonly tracks: readonly Track[];
  readonly absent: readonly AbsentSubject[];
}

/** A subject that cannot take part. */
export interface AbsentSubject {
  readonly name: string;
  readonly reason: string;
}

export interface BenchOptions {
  readonly connections: number;
  /** Length of one slice of load. */
  readonly seconds: number;
  /** Body of a response in bytes, where the scenario does not set it. */
  readonly body: number;
  readonly rounds: number;
  readonly path: string;
  /** Names of the subjects that take part, instead of those of each scenario. */
  readonly only: readonly string[] | undefined;
  readonly scenario: readonly Scenario[];
  /** Another build that is measured in turns with this one. */
  readonly against: Build | undefined;
  /** This build, run by another version of Node. */
  readonly newerNode: Build | undefined;
  readonly pin: boolean;
  readonly json: boolean;
  readonly list: boolean;
  readonly report: boolean;
}
