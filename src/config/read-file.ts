/** config/read-file.ts: reads the text of a configuration file, with a limit of its size. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { ConfigError } from './config-error.js';

/** Largest configuration file; one with a thousand backends has a tenth of this. */
export const MAX_FILE_BYTES = 1_048_576;

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EACCES: 'this user has no permission to read it',
  EPERM: 'this user has no permission to read it',
  EISDIR: 'it is a directory',
  ENXIO: 'it is no regular file',
  ELOOP: 'its symbolic links form a loop',
};

/** @throws {ConfigError} if the file cannot be read, is not UTF-8 or is larger than {@link MAX_FILE_BYTES} */
export async function readConfigFile(path: string): Promise<string> {
  const bytes = await readBoundedFile(path, 'so it is no configuration');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ConfigError([`${path}: it is not UTF-8 text`]);
  }
}

/**
 * @param clause what follows from its size for a file that is too large
 * @throws {ConfigError} if the file cannot be read or is larger than {@link MAX_FILE_BYTES}
 */
export async function readBoundedFile(path: string, clause: string): Promise<Buffer> {
  const bytes = await readBounded(path);
  if (bytes.length > MAX_FILE_BYTES) throw new ConfigError([`${path}: it is larger than 1 MiB, ${clause}`]);
  return bytes;
}

/** Reads at most one byte past the limit: a file may grow while it is read. */
async function readBounded(path: string): Promise<Buffer> {
  try {
    const file = await openRegular(path);
    if (file === undefined) throw new ConfigError([`${path}: it is no regular file`]);
    const chunks: Buffer[] = [];
    for await (const chunk of file.createReadStream({ end: MAX_FILE_BYTES })) chunks.push(chunk);
    return Buffer.concat(chunks);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new ConfigError([`${path}: ${REASONS[code] ?? `it cannot be read (${code})`}`]);
  }
}

/**
 * Opens a file to read it. Never waits for the other end of a named pipe: that would take one of the few threads for
 * files, and a process cannot exit while a thread waits.
 * @returns `undefined` for a pipe, a device or the like; a directory is returned, and fails when it is read
 */
export async function openRegular(path: string): Promise<FileHandle | undefined> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const found = await file.stat();
  if (found.isFile() || found.isDirectory()) return file;
  await file.close();
  return undefined;
}
