/** bench/options.ts: the command line of the bench. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { type Build, otherBuild } from './builds.js';
import { DEFAULT_SCENARIO, SCENARIOS, type Scenario } from './scenarios.js';
import { besides, SUBJECTS, type Subject } from './subjects.js';

export interface BenchOptions {
  readonly connections: number;
  /** Length of one slice. */
  readonly seconds: number;
  /** Body of an answer in bytes, where the scenario does not say. */
  readonly body: number;
  readonly rounds: number;
  readonly path: string;
  readonly subjects: readonly Subject[];
  readonly scenarios: readonly Scenario[];
  readonly pin: boolean;
  readonly json: boolean;
  readonly list: boolean;
}

interface Flags extends Omit<BenchOptions, 'subjects' | 'scenarios'> {
  readonly only?: readonly Subject[];
  readonly scenario?: readonly Scenario[];
  readonly against?: Build;
}

const ALL = 'all';

/** Reads the command line; wrong usage is told in one sentence and ends the process with 2. */
export function parseOptions(argv: readonly string[]): BenchOptions {
  const { only, scenario, against, ...rest } = program().parse(argv, { from: 'user' }).opts<Flags>();
  const chosen = only ?? (against === undefined ? SUBJECTS : SUBJECTS.slice(0, 1));
  return {
    ...rest,
    subjects: against === undefined ? chosen : besides(against, chosen),
    scenarios: scenario ?? addScenario(DEFAULT_SCENARIO),
  };
}

function program(): Command {
  return new Command('bench')
    .description('CPU per request of Roundhouse and its peers, by rotating short slices of load over all of them')
    .option('--connections <n>', 'client connections', wholeNumber(1, 10_000), 64)
    .option('--seconds <n>', 'length of one slice', wholeNumber(1, 600), 1)
    .option('--body <bytes>', 'body of an answer, where the scenario does not say', wholeNumber(0, 64 * 2 ** 20), 66)
    .option('--rounds <n>', 'slices per proxy', wholeNumber(1, 1_000), 10)
    .option('--path <path>', 'request target', path, '/')
    .addOption(new Option('--only <names>', `out of ${namesOf(SUBJECTS)} (default: all)`).argParser(subjects))
    .addOption(
      new Option('--scenario <name>', `one of ${namesOf(SCENARIOS)}, or ${ALL}; may be given again`)
        .argParser(addScenario)
        .default(undefined, DEFAULT_SCENARIO),
    )
    .addOption(
      new Option(
        '--against <path>',
        'another built checkout, or its dist: measures roundhouse-1 of both in turns',
      ).argParser(against),
    )
    .option('--list', 'print the scenarios and end', false)
    .option('--pin', 'keep proxies and load on CPU cores of their own, where taskset is installed', true)
    .option('--no-pin', 'leave the processes on any core')
    .option('--json', 'print JSON on stdout instead of the table', false)
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));
}

/** @returns a parser of one option's value */
export function wholeNumber(lowest: number, highest: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= lowest && value <= highest) return value;
    throw new InvalidArgumentError(`Write a whole number from ${lowest} to ${highest}.`);
  };
}

function path(text: string): string {
  if (/^\/[\x21-\x7e]*$/.test(text)) return text;
  throw new InvalidArgumentError('A path starts with / and holds no spaces.');
}

function subjects(text: string): readonly Subject[] {
  const wanted = text.split(',').map((name) => name.trim());
  const unknown = wanted.find((name) => !SUBJECTS.some((subject) => subject.name === name));
  if (unknown === undefined) return SUBJECTS.filter((subject) => wanted.includes(subject.name));
  throw new InvalidArgumentError(`"${unknown}" is none of ${namesOf(SUBJECTS)}.`);
}

function addScenario(text: string, before: readonly Scenario[] = []): readonly Scenario[] {
  const chosen = SCENARIOS.filter(({ name }) => text === ALL || text === name);
  if (chosen.length > 0) return [...before, ...chosen.filter((scenario) => !before.includes(scenario))];
  throw new InvalidArgumentError(`"${text}" is none of ${namesOf(SCENARIOS)}, ${ALL}.`);
}

function against(text: string): Build {
  const build = otherBuild(text);
  if (build !== undefined) return build;
  throw new InvalidArgumentError(`"${text}" holds no dist/src/cli.js; build that checkout first.`);
}

function namesOf(all: readonly { readonly name: string }[]): string {
  return all.map(({ name }) => name).join(', ');
}
