/**
 * commands/program.ts: what all command lines of this project have in common: errors in one sentence, and exit codes.
 */
import { Command, CommanderError } from 'commander';
import { ConfigError } from '../config/config-error.js';
import { UsageError } from '../config/usage-error.js';
import { fileLimitSentence } from './file-limit.js';

/** Exit codes: 1 for a correct command that failed, 2 for wrong usage. */
const COULD_NOT_RUN = 1;
const WRONG_USAGE = 2;
/** 128 + SIGINT, as a shell reports it. */
export const ENDED_BY_SECOND_INT = 130;
/** Two SIGINTs within this time are one Ctrl-C: under npm it arrives twice, from the terminal and from npm. */
export const SAME_KEYPRESS_MS = 400;

/** A correct command failed; the message is a sentence that says why. */
export class CouldNotRunError extends Error {
  override readonly name = 'CouldNotRunError';
}

/** @returns a command whose errors and exits are handled by {@link runProgram}; its subcommands inherit that */
export function createProgram(name: string): Command {
  return new Command(name).exitOverride().configureOutput({ outputError: () => undefined });
}

/** Runs `program`. An error is printed to stderr, a sentence a line, and ends the process. */
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
 * Parses a count given to an option or argument.
 * @param source name of the option or argument, for the message
 * @throws {UsageError} if `text` is not a whole number from 1 to `most`
 */
export function readCount(text: string, source: string, most: number): number {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (count >= 1 && count <= most) return count;
  throw new UsageError(`${source}: "${text}" is not a whole number from 1 to ${most}`);
}

/**
 * Parses a port given to an option or argument.
 * @param source name of the option or argument, for the message
 * @param lowest lowest port allowed; 0: the system chooses
 * @throws {UsageError} if `text` is not a port
 */
export function readPort(text: string, source: string, lowest: 0 | 1): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port >= lowest && port <= 65_535) return port;
  throw new UsageError(`${source}: "${text}" is not a port; a port is a number from ${lowest} to 65535`);
}

/** Prints the error and exits at once. The code that threw has stopped what had to be stopped. */
function fail(name: string, error: unknown): void {
  const isUsage = error instanceof UsageError || error instanceof CommanderError;
  const code = isUsage ? WRONG_USAGE : COULD_NOT_RUN;
  const text = sentencesOf(error).map((sentence) => `${name}: ${sentence}\n`);
  process.stderr.write(text.join(''), () => process.exit(code));
}

/** @returns a sentence for each problem: a running balancer, too, may say several things about a file, each on a line */
function sentencesOf(error: unknown): readonly string[] {
  if (error instanceof ConfigError) return error.sentences;
  return error instanceof CouldNotRunError ? error.message.split('\n') : [sentenceOf(error)];
}

/** @returns the message of an error as one sentence; commander's messages have up to three lines */
function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const limit = fileLimitSentence(error);
  if (limit !== undefined) return limit;
  const text = error instanceof CommanderError ? error.message.replace(/^error: /, '') : error.message;
  return text
    .replace(/\s*\n\(Did you mean (.*)\?\)$/, '; did you mean $1?')
    .replace('. Expected', ': expected')
    .replaceAll(/\s*\n\s*/g, ' ')
    .replace(/\.$/, '');
}

/**
 * Handles errors of the standard streams. A reader of standard output that has gone (`| head -1`) is not an error. A
 * failed write to standard error cannot be reported anywhere, and must not end the process.
 */
function surviveClosedOutput(name: string): void {
  process.stderr.on('error', () => {});
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') fail(name, new CouldNotRunError(`Cannot write to standard output: ${error.code}`));
  });
}
