/** bench/options.ts: the command line of the bench. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Build, onNode, otherBuild } from './builds.js';
import { benchCommand, namedIn, wholeNumber } from './command.js';
import { type BenchOptions, GROUPS, type Scenario } from './scenario.js';
import { DEFAULT_SCENARIO, SCENARIOS } from './scenarios.js';
import { allSubjects } from './subjects.js';

const ALL = 'all';
const SUBJECTS = allSubjects();
const SCENARIO_NAMES = SCENARIOS.map(({ name }) => name);

type Flags = Omit<BenchOptions, 'scenario'> & { readonly scenario?: readonly Scenario[] };

/** Reads the command line; wrong usage is told in one sentence and ends the process with 2. */
export function parseOptions(argv: readonly string[]): BenchOptions {
  const flags = program().parse(argv, { from: 'user' }).opts<Flags>();
  return { ...flags, scenario: flags.scenario ?? addScenario(flags.report ? ALL : DEFAULT_SCENARIO) };
}

function program(): Command {
  return benchCommand('bench')
    .description('CPU per request of Roundhouse and its peers, by rotating short slices of load over all of them')
    .addOption(
      new Option('--scenario <name>', `${DEFAULT_SCENARIO} unless told; see --list; may be given again`).argParser(
        addScenario,
      ),
    )
    .option('--list', 'print the scenarios and end', false)
    .addOption(
      new Option(
        '--against <path>',
        'another built checkout, or its dist: both builds in turns, and new / old',
      ).argParser(against),
    )
    .addOption(
      new Option('--only <names>', `subjects, out of ${SUBJECTS.map(({ name }) => name).join(', ')}`).argParser(
        (text) => namedIn(SUBJECTS, text).map(({ name }) => name),
      ),
    )
    .addOption(new Option('--newer-node <path>', 'a Node that runs the subject newer-node-1').argParser(newerNode))
    .addOption(
      new Option('--report', 'everything unless scenarios are named; writes bench/RESULTS.md')
        .default(false)
        .conflicts(['only', 'against']),
    )
    .option('--connections <n>', 'client connections', wholeNumber(1, 10_000), 64)
    .option('--seconds <n>', 'length of one slice', wholeNumber(1, 600), 1)
    .option('--body <bytes>', 'body of an answer, where the scenario does not say', wholeNumber(0, 64 * 2 ** 20), 66)
    .option('--rounds <n>', 'slices per proxy', wholeNumber(1, 1_000), 10)
    .option('--path <path>', 'request target', path, '/')
    .option('--pin', 'keep proxies and load on CPU cores of their own, where taskset is installed', true)
    .option('--no-pin', 'leave the processes on any core')
    .option('--json', 'print JSON on stdout instead of the table', false);
}

function path(text: string): string {
  if (/^\/[\x21-\x7e]*$/.test(text)) return text;
  throw new InvalidArgumentError('A path starts with / and holds no spaces.');
}

/** @param text a scenario, a group of them, or all */
function addScenario(text: string, before: readonly Scenario[] = []): readonly Scenario[] {
  const chosen = SCENARIOS.filter(({ name, group }) => text === ALL || text === name || text === group);
  if (chosen.length > 0) return [...before, ...chosen.filter((scenario) => !before.includes(scenario))];
  throw new InvalidArgumentError(`"${text}" is none of ${[...SCENARIO_NAMES, ...GROUPS, ALL].join(', ')}.`);
}

function against(text: string): Build {
  const build = otherBuild(text);
  if (build !== undefined) return build;
  throw new InvalidArgumentError(`"${text}" holds no dist/src/cli.js; build that checkout first.`);
}

function newerNode(text: string): Build {
  const build = onNode(text);
  if (build !== undefined) return build;
  throw new InvalidArgumentError(`"${text}" is no program.`);
}
