/** commands/program.ts: what every command line of this project does alike: one sentence per error, and exit codes. */
import { Command, CommanderError } from 'commander';
import { ConfigError } from '../config/config-error.js';
import { UsageError } from '../config/usage-error.js';

/** 1: it was asked for rightly and could not be done. 2: it was asked for wrongly. */
const COULD_NOT_RUN = 1;
const WRONG_USAGE = 2;
/** 128 + SIGINT, as a shell reports it. */
export const ENDED_BY_SECOND_INT = 130;
/** One Ctrl-C under npm arrives twice, from the terminal and from npm; a person is never this quick. */
export const SAME_KEYPRESS_MS = 400;

/** The reason why something asked for rightly could not be done, as one plain sentence. */
export class CouldNotRunError extends Error {
  override readonly name = 'CouldNotRunError';
}

/** @returns a command that leaves printing errors and exiting to {@link runProgram}; subcommands inherit that */
export function createProgram(name: string): Command {
  return new Command(name).exitOverride().configureOutput({ outputError: () => undefined });
}

/** Runs `program`. An error becomes one line on stderr and the end of this process. */
export async function runProgram(program: Command, argv: readonly string[]): Promise<void> {
  surviveClosedOutput(program.name());
  try {
    await program.parseAsync(argv);
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return;
    fail(program.name(), error);
  }
}

/**
 * Reads a count given to an option or argument.
 * @param source how the message calls it
 * @throws {UsageError} when `text` is no whole number from 1 to `most`
 */
export function readCount(text: string, source: string, most: number): number {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (count >= 1 && count <= most) return count;
  throw new UsageError(`${source}: "${text}" is not a whole number from 1 to ${most}`);
}

/**
 * @param lowest 0 where the system may choose
 * @throws {UsageError} when `text` is no port
 */
export function readPort(text: string, source: string, lowest: 0 | 1): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port >= lowest && port <= 65_535) return port;
  throw new UsageError(`${source}: "${text}" is not a port; a port is a number from ${lowest} to 65535`);
}

/** Leaves no time for anything half-started to be seen: what has to be stopped was stopped by who threw. */
function fail(name: string, error: unknown): void {
  const isUsage = error instanceof UsageError || error instanceof CommanderError;
  const code = isUsage ? WRONG_USAGE : COULD_NOT_RUN;
  const sentences = error instanceof ConfigError ? error.sentences : [sentenceOf(error)];
  const text = sentences.map((sentence) => `${name}: ${sentence}\n`).join('');
  process.stderr.write(text, () => process.exit(code));
}

/** Commander's messages are up to three lines long; ours are one sentence each. */
function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const text = error instanceof CommanderError ? error.message.replace(/^error: /, '') : error.message;
  return text
    .replace(/\s*\n\(Did you mean (.*)\?\)$/, '; did you mean $1?')
    .replace('. Expected', ': expected')
    .replaceAll(/\s*\n\s*/g, ' ')
    .replace(/\.$/, '');
}

/**
 * A reader of standard output that went away (`| head -1`) is no error of ours. What standard error does not take, a
 * full disk's lines included, can be told to nobody, and must not end what runs.
 */
function surviveClosedOutput(name: string): void {
  process.stderr.on('error', () => {});
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') fail(name, new CouldNotRunError(`Cannot write to standard output: ${error.code}`));
  });
}
