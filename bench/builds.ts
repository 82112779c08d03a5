/** bench/builds.ts: where a build of Roundhouse is: this one, or another that it is measured against. */
import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What a subject of the bench runs. */
export interface Build {
  /** Its subjects are called this and the number of their workers. */
  readonly name: 'roundhouse' | 'other';
  /** The compiled command line, an absolute path. */
  readonly cli: string;
  /** For people who have to tell two builds apart; empty where there is only one. */
  readonly label: string;
}

export const THIS_BUILD: Build = {
  name: 'roundhouse',
  cli: fileURLToPath(new URL('../src/cli.js', import.meta.url)),
  label: '',
};

const INSIDE = ['dist/src/cli.js', 'src/cli.js'];

/**
 * @param path a checkout that has been built, its `dist`, or the compiled `cli.js` itself
 * @returns `undefined` when nothing of that is there
 */
export function otherBuild(path: string): Build | undefined {
  const cli = [path, ...INSIDE.map((inside) => join(path, inside))].find(isFile);
  return cli === undefined ? undefined : { name: 'other', cli: resolve(cli), label: path };
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
