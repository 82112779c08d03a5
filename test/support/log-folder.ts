/** test/support/log-folder.ts: a temporary folder for the access logs of one test. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface LogFolder {
  path(name: string): string;
  /** @returns the whole lines of a file; none while it does not exist */
  lines(name: string): readonly string[];
  remove(): void;
}

export function makeLogFolder(): LogFolder {
  const folder = mkdtempSync(join(tmpdir(), 'roundhouse-log-'));
  const path = (name: string): string => join(folder, name);
  return {
    path,
    lines: (name) => textOf(path(name)).split('\n').slice(0, -1),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
