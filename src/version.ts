/** version.ts: the version this program was published as. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';

const manifestSchema = z.object({ version: z.string() });

/** Reads it from the nearest package.json above this file: the one place where a release writes it. */
export function productVersion(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, 'package.json'))) directory = dirname(directory);
  return manifestSchema.parse(JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))).version;
}
