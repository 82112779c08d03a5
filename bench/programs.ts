/** bench/programs.ts: the programs and packages a bench compares with: where they are, and which version. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';

// Folders of servers, which only root has on PATH on many systems.
const ALSO = ['/usr/local/sbin', '/usr/sbin', '/opt/homebrew/sbin'];
const ANSWER_WITHIN_MS = 2_000;

/** @returns where `name`, a program's or a path, is installed, or `undefined` */
export function findProgram(name: string): string | undefined {
  if (name.includes('/')) return isExecutable(name) ? name : undefined;
  const folders = [...(process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== ''), ...ALSO];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/** @returns the first version number that `program flag` prints, or "unknown version" */
export function programVersion(program: string, flag: string): string {
  const { stdout, stderr } = spawnSync(program, [flag], { encoding: 'utf8', timeout: ANSWER_WITHIN_MS });
  return /\d+\.\d+(\.\d+)?/.exec(`${stdout}\n${stderr}`)?.[0] ?? 'unknown version';
}

/** @returns the version of an installed npm package, or `undefined` when it is not installed */
export function packageVersion(name: string): string | undefined {
  const manifest = manifestOf(name);
  if (manifest === undefined) return undefined;
  return z.object({ version: z.string() }).parse(JSON.parse(readFileSync(manifest, 'utf8'))).version;
}

/** @returns the path of package.json, found from the package's entry: not every package exports its package.json */
function manifestOf(name: string): string | undefined {
  let folder: string;
  try {
    folder = dirname(fileURLToPath(import.meta.resolve(name)));
  } catch {
    return undefined;
  }
  while (!existsSync(join(folder, 'package.json'))) {
    if (dirname(folder) === folder) return undefined;
    folder = dirname(folder);
  }
  return join(folder, 'package.json');
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
