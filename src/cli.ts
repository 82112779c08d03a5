#!/usr/bin/env node
/**
 * cli.ts: the executable `roundhouse`: runs the command that its arguments name. Node opens a debugger on SIGUSR1 until
 * the process has a handler of its own, so that one comes before everything that takes time to load.
 */
import { fileLimitSentence } from './commands/file-limit.js';

process.on('SIGUSR1', () => {});

// Imported here, not above, so that a host that lets the process open too few files is told so in a sentence.
try {
  const { roundhouse } = await import('./commands/definition.js');
  const { runProgram } = await import('./commands/program.js');
  await runProgram(roundhouse(), process.argv);
} catch (error) {
  const sentence = fileLimitSentence(error);
  if (sentence === undefined) throw error;
  process.stderr.write(`roundhouse: ${sentence}\n`, () => process.exit(1));
}
