#!/usr/bin/env node
/** cli.ts: the command `roundhouse`: argv -> a command. */
import { roundhouse } from './commands/definition.js';
import { runProgram } from './commands/program.js';

await runProgram(roundhouse(), process.argv);
