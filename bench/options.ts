/** bench/options.ts: the command line of the bench. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { DEFAULT_SCENARIO, SCENARIOS, type Scenario } from './scenarios.js';
import { SUBJECTS, type Subject } from './subjects.js';

export interface BenchOptions {
  readonly connections: number;
  /** Length of one slice. */
  readonly seconds: number;
  /** Body of an answer in bytes, where the scenario does not say. */
  readonly body: number;
  readonly rounds: number;
  readonly path: string;
  readonly only: readonly Subject[];
  readonly scenario: readonly Scenario[];
  readonly pin: boolean;
  readonly json: boolean;
}

/** Reads the command line; wrong usage is told in one sentence and ends the process with 2. */
export function parseOptions(argv: readonly string[]): BenchOptions {
  const names = SCENARIOS.map(({ name }) => name);
  const all = SUBJECTS.map(({ name }) => name).join(', ');
  return new Command('bench')
    .description('CPU per request of Roundhouse and its peers, by rotating short slices of load over all of them')
    .option('--connections <n>', 'client connections', wholeNumber(1, 10_000), 64)
    .option('--seconds <n>', 'length of one slice', wholeNumber(1, 600), 1)
    .option('--body <bytes>', 'body of an answer, where the scenario does not say', wholeNumber(0, 64 * 2 ** 20), 66)
    .option('--rounds <n>', 'slices per proxy', wholeNumber(1, 1_000), 10)
    .option('--path <path>', 'request target', path, '/')
    .addOption(new Option('--only <names>', `out of ${all}`).argParser(subjects).default(SUBJECTS, 'all'))
    .addOption(
      new Option('--scenario <name>', `all, or one of ${names.join(', ')}`)
        .argParser(scenarios)
        .default(scenarios(DEFAULT_SCENARIO), DEFAULT_SCENARIO),
    )
    .option('--pin', 'keep proxies and load on CPU cores of their own, where taskset is installed', true)
    .option('--no-pin', 'leave the processes on any core')
    .option('--json', 'print JSON on stdout instead of the table', false)
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
    .parse(argv, { from: 'user' })
    .opts<BenchOptions>();
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
  throw new InvalidArgumentError(`"${unknown}" is none of ${SUBJECTS.map(({ name }) => name).join(', ')}.`);
}

function scenarios(text: string): readonly Scenario[] {
  const chosen = SCENARIOS.filter(({ name }) => text === 'all' || text === name);
  if (chosen.length > 0) return chosen;
  throw new InvalidArgumentError(`Write all or one of ${SCENARIOS.map(({ name }) => name).join(', ')}.`);
}
