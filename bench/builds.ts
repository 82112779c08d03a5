/** bench/builds.ts: what a subject of this project runs: this build, another one, or this one on another Node. */
import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProgram, programVersion } from './programs.js';

export interface Build {
  /** First part of the names of its subjects, as in `roundhouse-1`. */
  readonly name: 'roundhouse' | 'other' | 'newer-node';
  /** Path of the Node program that runs the build. */
  readonly node: string;
  /** Absolute path of the compiled cli.js. */
  readonly cli: string;
  /** Shown beside the subject, to tell builds apart; empty for this build. */
  readonly label: string;
}

export const THIS_BUILD: Build = {
  name: 'roundhouse',
  node: process.execPath,
  cli: fileURLToPath(new URL('../src/cli.js', import.meta.url)),
  label: '',
};

const INSIDE = ['dist/src/cli.js', 'src/cli.js'];

/**
 * @param path a checkout that has been built, its `dist`, or the compiled `cli.js` itself
 * @returns the build, or `undefined` when `path` holds no cli.js
 */
export function otherBuild(path: string): Build | undefined {
  const cli = [path, ...INSIDE.map((inside) => join(path, inside))].find(isFile);
  return cli === undefined ? undefined : { ...THIS_BUILD, name: 'other', cli: resolve(cli), label: path };
}

/** @returns this build on the Node at `path`, or `undefined` when none is there */
export function onNode(path: string): Build | undefined {
  const node = findProgram(path);
  if (node === undefined) return undefined;
  return { ...THIS_BUILD, name: 'newer-node', node, label: `Node ${programVersion(node, '--version')}` };
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
