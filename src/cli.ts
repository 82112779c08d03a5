#!/usr/bin/env node
/**
 * cli.ts: the executable `roundhouse`: runs the command that its arguments name. Node opens a debugger on SIGUSR1 until
 * the process has a handler of its own, so that one comes before everything that takes time to load.
 */
process.on('SIGUSR1', () => {});

const [{ roundhouse }, { runProgram }] = await Promise.all([
  import('./commands/definition.js'),
  import('./commands/program.js'),
]);
await runProgram(roundhouse(), process.argv);
