/**
 * config/module-file.ts: loads a configuration that is a program: `roundhouse.config.ts`, `.mjs` and the like. Each
 * load runs it on a new thread, so that a reload gets the current version of it and of all it imports, and leaks
 * nothing.
 */
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { pathText } from './complaint.js';
import { ConfigError } from './config-error.js';
import type { Environment } from './from-args.js';
import type { ModuleOutcome } from './module-thread.js';
import { readConfigFile } from './read-file.js';
import { outcomeOf, type ThreadBounds, ThreadError, type ThreadFailure } from './thread.js';
import { UsageError } from './usage-error.js';
import { durationMs } from './values.js';

const TIMEOUT_VARIABLE = 'ROUNDHOUSE_MODULE_TIMEOUT';
const MEMORY_VARIABLE = 'ROUNDHOUSE_MODULE_MEMORY';
/** A module may fetch values from elsewhere; the process that serves shares its memory with the thread. */
const DEFAULT_BOUNDS: ThreadBounds = { withinMs: 30_000, memoryMiB: 256 };
const LEAST_MEMORY_MIB = 16;
const MOST_MEMORY_MIB = 65_536;
const THREAD = fileURLToPath(new URL('./module-thread.js', import.meta.url));

/** @returns whether the file is a program by its name, not YAML or JSON */
export function isModuleFile(path: string): boolean {
  return /\.[cm]?[jt]s$/i.test(path);
}

/**
 * @returns the bounds of a module's thread. They come from the environment: there is no configuration yet to hold them
 * @throws {UsageError} if a variable does not hold one
 */
export function moduleBounds(environment: Environment): ThreadBounds {
  const { [TIMEOUT_VARIABLE]: time = '', [MEMORY_VARIABLE]: memory = '' } = environment;
  const withinMs = time === '' ? DEFAULT_BOUNDS.withinMs : durationMs(time);
  if (!withinMs) throw new UsageError(`${TIMEOUT_VARIABLE}: "${time}" is not a time longer than 0; write 30s or 2m`);
  const memoryMiB = memory === '' ? DEFAULT_BOUNDS.memoryMiB : /^\d{1,9}$/.test(memory) ? Number(memory) : Number.NaN;
  if (memoryMiB >= LEAST_MEMORY_MIB && memoryMiB <= MOST_MEMORY_MIB) return { withinMs, memoryMiB };
  const range = `a whole number of MiB from ${LEAST_MEMORY_MIB} to ${MOST_MEMORY_MIB}`;
  throw new UsageError(`${MEMORY_VARIABLE}: "${memory}" is not ${range}`);
}

/**
 * @param bounds the thread of a module that takes more is ended, whatever it does
 * @returns the value of the module's default export, or of its result if that is a function
 * @throws {ConfigError} if the file cannot be read, fails to run, or exports no data
 */
export async function loadModule(file: string, bounds = DEFAULT_BOUNDS): Promise<unknown> {
  // Only for its errors: a missing or unreadable file is reported alike for every kind of file.
  await readConfigFile(file);
  const url = pathToFileURL(resolve(file)).href;
  const outcome = await runThread(url, file, bounds);
  if (outcome.kind === 'value') return outcome.value;
  throw new ConfigError([problemOf(outcome, file, url)]);
}

async function runThread(url: string, file: string, bounds: ThreadBounds): Promise<ModuleOutcome> {
  try {
    return await outcomeOf<ModuleOutcome>(THREAD, url, bounds);
  } catch (error) {
    if (!(error instanceof ThreadError)) throw error;
    throw new ConfigError([`${file}: ${threadClause(error.failure, bounds)}`]);
  }
}

function threadClause(failure: ThreadFailure, { withinMs, memoryMiB }: ThreadBounds): string {
  switch (failure.kind) {
    case 'late':
      return `it did not return a configuration within ${withinMs / 1_000} s (${TIMEOUT_VARIABLE})`;
    case 'memory':
      return `it needs more than ${memoryMiB} MiB of memory (${MEMORY_VARIABLE})`;
    case 'ended':
      return 'it ended without a configuration; is there an await that never settles, or a process.exit?';
    case 'threw':
      return `it threw ${JSON.stringify(failure.message)} outside of its default export`;
  }
}

function problemOf(outcome: Exclude<ModuleOutcome, { kind: 'value' }>, file: string, url: string): string {
  switch (outcome.kind) {
    case 'nothing-exported':
      return `${file}: it has no default export; write "export default defineConfig({ ... })"`;
    case 'no-data':
      return `${file}: ${pathText(outcome.path)}: it is a function, and a configuration is plain data`;
    case 'threw':
      return `${placeOf(outcome.stack, file, url)}: ${clauseOf(outcome, file)}`;
  }
}

/** @returns `FILE:LINE:COLUMN` of the error, by its stack; `FILE` if the stack does not name the file */
function placeOf(stack: string, file: string, url: string): string {
  const at = stack.indexOf(`${url}:`);
  const place = at < 0 ? null : /^\d+:\d+/.exec(stack.slice(at + url.length + 1));
  return place === null ? file : `${file}:${place[0]}`;
}

function clauseOf({ name, code, message }: Extract<ModuleOutcome, { kind: 'threw' }>, file: string): string {
  const [said = ''] = message.split('\n');
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION' && /\.[cm]?ts$/i.test(file)) {
    return `Node ${process.versions.node} cannot read TypeScript; use Node 22.18 or newer, or write it as an .mjs file`;
  }
  const missing = code === 'ERR_MODULE_NOT_FOUND' ? /'([^']*)'/.exec(said)?.[1] : undefined;
  if (missing !== undefined) return `it imports "${missing}", which does not exist`;
  if (name === 'SyntaxError') return `it does not parse: ${said}; "node --check ${file}" shows where`;
  return `it threw ${JSON.stringify(said)}`;
}
