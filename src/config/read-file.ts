/** config/read-file.ts: the text of a configuration file, bounded, or one sentence that says why there is none. */
import { open } from 'node:fs/promises';
import { ConfigError } from './config-error.js';

/** A configuration of a thousand backends has a tenth of this; what is larger is another file. */
export const MAX_FILE_BYTES = 1_048_576;

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EACCES: 'it may not be read by this user',
  EPERM: 'it may not be read by this user',
  EISDIR: 'it is a directory',
  ELOOP: 'its symbolic links go in a circle',
};

/** @throws {ConfigError} when the file cannot be read, is no UTF-8 text or is larger than {@link MAX_FILE_BYTES} */
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

/** Stops one byte past the limit, so that a pipe or device that never ends is refused too. */
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
