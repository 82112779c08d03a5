#!/usr/bin/env node
/** cli.ts: the executable `roundhouse`: runs the command that its arguments name. */
import { roundhouse } from './commands/definition.js';
import { runProgram } from './commands/program.js';

await runProgram(roundhouse(), process.argv);
