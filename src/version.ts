/** version.ts: the version of this program. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';

const manifestSchema = z.object({ version: z.string() });

/** @returns the version in the nearest package.json above this file, the only place where it is written */
export function productVersion(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, 'package.json'))) directory = dirname(directory);
  return manifestSchema.parse(JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))).version;
}
