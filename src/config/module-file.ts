/**
 * config/module-file.ts: a configuration that is a program: `roundhouse.config.ts`, `.mjs` and their like. It runs on a
 * thread of its own for each load, so that a reload sees it, and all it imports, as they are now, and leaks nothing.
 */
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { pathText } from './complaint.js';
import { ConfigError } from './config-error.js';
import type { ModuleOutcome } from './module-thread.js';
import { readConfigFile } from './read-file.js';

/** A module that asks others for its values may take so long, in milliseconds. */
const LONGEST_MS = 30_000;
const THREAD = fileURLToPath(new URL('./module-thread.js', import.meta.url));

/** @returns whether a file of this name is a program, and not YAML or JSON */
export function isModuleFile(path: string): boolean {
  return /\.[cm]?[jt]s$/i.test(path);
}

/**
 * @returns what the module's default export comes to
 * @throws {ConfigError} when the file cannot be read, does not run, or exports no data
 */
export async function loadModule(file: string): Promise<unknown> {
  // Only for its sentences: what is missing or unreadable is said the same way for every kind of file.
  await readConfigFile(file);
  const url = pathToFileURL(resolve(file)).href;
  const outcome = await runThread(url, file);
  if (outcome.kind === 'value') return outcome.value;
  throw new ConfigError([problemOf(outcome, file, url)]);
}

function runThread(url: string, file: string): Promise<ModuleOutcome> {
  return new Promise((resolve, reject) => {
    const refuse = (clause: string): void => reject(new ConfigError([`${file}: ${clause}`]));
    const thread = new Worker(THREAD, { workerData: url });
    const tooLate = setTimeout(
      () => refuse(`it did not come to a configuration within ${LONGEST_MS / 1_000} s`),
      LONGEST_MS,
    );
    const end = (): void => {
      clearTimeout(tooLate);
      void thread.terminate();
    };
    thread.once('message', (outcome: ModuleOutcome) => {
      resolve(outcome);
      end();
    });
    thread.once('error', (error) => {
      refuse(`it threw ${JSON.stringify(error.message)} where nothing could catch it`);
      end();
    });
    // The first of these that comes settles the promise; an exit without any means that the module ended the thread.
    thread.once('exit', () => {
      refuse('it ended without a configuration; is there an await that never settles, or a process.exit?');
      clearTimeout(tooLate);
    });
  });
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

/** The place in the file itself from which the error came, as far as the stack tells. */
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
  if (missing !== undefined) return `it imports "${missing}", which is not there`;
  if (name === 'SyntaxError') return `it does not parse: ${said}; "node --check ${file}" shows where`;
  return `it threw ${JSON.stringify(said)}`;
}
