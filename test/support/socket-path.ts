/** test/support/socket-path.ts: paths for socket files. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onStop } from './cleanup.js';

/** @returns the path of a file that is not there, in a folder of its own; removed when the test is over */
export function socketPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'roundhouse-'));
  onStop(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'test.sock');
}
