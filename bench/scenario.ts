/** bench/scenario.ts: what a scenario is, what it is given, and what it comes to. */
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
  /** Who takes part unless the command line says otherwise. */
  readonly subjects: readonly string[];
  readonly claims: readonly Claim[];
  readonly run: (bench: Bench) => Promise<Result>;
}

/** What this project means to reach; the lower, the better. */
export interface Claim {
  readonly subject: string;
  readonly metric: string;
  /** The figure is the median ratio to the least of these in each round; with none of them it is the metric itself. */
  readonly to: readonly string[];
  /** Of the metric itself; a ratio has none. */
  readonly unit: string;
  readonly target: number;
  readonly stretch: number | undefined;
}

/** What a running scenario may use. */
export interface Bench {
  readonly options: BenchOptions;
  readonly tool: LoadTool;
  readonly plan: CorePlan;
  readonly children: Children;
  readonly subjects: readonly Subject[];
  /** For people who watch. */
  readonly progress: (text: string) => void;
}

export interface Result {
  readonly columns: readonly Column[];
  readonly tracks: readonly Track[];
  readonly absent: readonly Absent[];
}

/** A subject that does not take part. */
export interface Absent {
  readonly name: string;
  readonly reason: string;
}

export interface BenchOptions {
  readonly connections: number;
  /** Length of one slice. */
  readonly seconds: number;
  /** Body of an answer in bytes, where the scenario does not say. */
  readonly body: number;
  readonly rounds: number;
  readonly path: string;
  /** Names of the subjects that take part, instead of those of each scenario. */
  readonly only: readonly string[] | undefined;
  readonly scenario: readonly Scenario[];
  /** Another build, measured beside this one. */
  readonly against: Build | undefined;
  /** This build on another Node. */
  readonly newerNode: Build | undefined;
  readonly pin: boolean;
  readonly json: boolean;
  readonly list: boolean;
  readonly report: boolean;
}
