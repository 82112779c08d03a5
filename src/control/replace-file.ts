/** control/replace-file.ts: writes files that only this user may read, each as a whole. */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

export const FOR_THE_OWNER = 0o600;

/**
 * Replaces a file: writes the text beside it, syncs it, renames it into place and syncs the directory. The name beside
 * it cannot be guessed and must be free (`wx`), so that nobody who may write there has a link or a pipe in its place.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  const beside = `${path}.${randomBytes(8).toString('hex')}.new`;
  const file = await open(beside, 'wx', FOR_THE_OWNER);
  try {
    await writeSynced(file, text);
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
  if (process.platform === 'win32') return;
  const directory = await open(dirname(path));
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

async function writeSynced(file: FileHandle, text: string): Promise<void> {
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
