/** config/read-file.ts: reads the text of a configuration file, with a limit of its size. */
import { open } from 'node:fs/promises';
import { ConfigError } from './config-error.js';

/** Largest configuration file; one with a thousand backends has a tenth of this. */
export const MAX_FILE_BYTES = 1_048_576;

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EACCES: 'this user has no permission to read it',
  EPERM: 'this user has no permission to read it',
  EISDIR: 'it is a directory',
  ELOOP: 'its symbolic links form a loop',
};

/** @throws {ConfigError} if the file cannot be read, is not UTF-8 or is larger than {@link MAX_FILE_BYTES} */
export async function readConfigFile(path: string): Promise<string> {
  const bytes = await readBounded(path);
  if (bytes.length > MAX_FILE_BYTES)
    throw new ConfigError([`${path}: it is larger than 1 MiB, so it is no configuration`]);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ConfigError([`${path}: it is not UTF-8 text`]);
  }
}

/** Reads at most one byte past the limit, so that an endless pipe or device is refused as well. */
async function readBounded(path: string): Promise<Buffer> {
  try {
    const file = await open(path);
    const chunks: Buffer[] = [];
    for await (const chunk of file.createReadStream({ end: MAX_FILE_BYTES })) chunks.push(chunk);
    return Buffer.concat(chunks);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new ConfigError([`${path}: ${REASONS[code] ?? `it cannot be read (${code})`}`]);
  }
}
