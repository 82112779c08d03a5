/** bench/command.ts: what the command lines of all benches have in common. */
import { Command, InvalidArgumentError } from 'commander';
import { messageOf } from './children.js';

/** @returns a command that ends the process with 2 on wrong usage, after one sentence about it */
export function benchCommand(name: string): Command {
  return new Command(name).exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));
}

/** Runs `main`; what it throws is told in one line, and ends the process with 1. */
export function runBench(name: string, main: () => Promise<void>): void {
  main().catch((error: unknown) => {
    console.error(`${name}: ${messageOf(error)}`);
    process.exit(1);
  });
}

/** @returns a parser of one option's value */
export function wholeNumber(lowest: number, highest: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= lowest && value <= highest) return value;
    throw new InvalidArgumentError(`Write a whole number from ${lowest} to ${highest}.`);
  };
}

/** @returns those of `all` that the comma-separated `text` names */
export function namedIn<T extends { readonly name: string }>(all: readonly T[], text: string): readonly T[] {
  const wanted = text.split(',').map((name) => name.trim());
  const unknown = wanted.find((name) => !all.some((each) => each.name === name));
  if (unknown === undefined) return all.filter(({ name }) => wanted.includes(name));
  throw new InvalidArgumentError(`"${unknown}" is none of ${all.map(({ name }) => name).join(', ')}.`);
}
