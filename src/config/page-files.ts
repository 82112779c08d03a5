/** config/page-files.ts: reads the files that hold bodies of fixed answers and pages. */

import { pathText } from './complaint.js';
import { ConfigError } from './config-error.js';
import type { ErrorPagesConfig } from './pages.js';
import { readBoundedFile } from './read-file.js';
import type { Config } from './schema.js';

/** Most bytes of all these files together, since each worker has a copy. */
const MOST_BYTES = 16_777_216;

/** Contents of files by path as the configuration has it, one byte a character. */
export type PageFiles = Readonly<Record<string, string>>;

/** A file that a configuration names, and the key that names it. */
type Named = readonly [file: string, key: readonly PropertyKey[]];

/** @returns `undefined` for a configuration that names none. @throws {ConfigError} if one cannot be read or is too large */
export async function readPageFiles(config: Config): Promise<PageFiles | undefined> {
  const named = new Map(filesIn(config));
  if (named.size === 0) return undefined;
  const read = await Promise.all([...named].map(async ([file, key]) => [file, await readPage(file, key)] as const));
  const bytes = read.reduce((sum, [, text]) => sum + text.length, 0);
  if (bytes > MOST_BYTES) throw new ConfigError([`the files of respond and errorPages have more than 16 MiB in all`]);
  return Object.fromEntries(read);
}

async function readPage(file: string, key: readonly PropertyKey[]): Promise<string> {
  try {
    return (await readBoundedFile(file, 'so it is not sent as an answer')).toString('latin1');
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(error.sentences.map((sentence) => `${pathText([...key])}: ${sentence}`));
  }
}

function filesIn({ errorPages, pools, routes = [] }: Config): readonly Named[] {
  return [
    ...filesOf(errorPages, ['errorPages']),
    ...Object.entries(pools).flatMap(([name, pool]) => filesOf(pool.errorPages, ['pools', name, 'errorPages'])),
    ...routes.flatMap(({ errorPages: own, respond }, index) => [
      ...filesOf(own, ['routes', index, 'errorPages']),
      ...(respond?.file === undefined ? [] : [[respond.file, ['routes', index, 'respond', 'file']] as const]),
    ]),
  ];
}

function filesOf(pages: ErrorPagesConfig | undefined, at: readonly PropertyKey[]): readonly Named[] {
  return Object.entries(pages ?? {}).flatMap(([key, { file }]) =>
    file === undefined ? [] : [[file, [...at, key, 'file']] as const],
  );
}
