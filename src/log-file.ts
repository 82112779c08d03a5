/**
 * log-file.ts: opens the file that an access log goes to, the same way in the primary, which only wants to know at the
 * start whether that can be done, and in the workers, which write.
 */
import { constants, fstatSync, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { getSystemErrorMap } from 'node:util';

/** As a configuration says it. */
export const STANDARD_OUTPUT = '-';

export interface LogFile {
  readonly fd: number;
  /** An ordinary file: takes long writes, and a write waits for the disk. Anything else may have its reader to wait for. */
  readonly isOrdinary: boolean;
  /** A write never waits: what cannot be taken at once fails with EAGAIN. */
  readonly nonBlocking: boolean;
  close(): Promise<void>;
}

/**
 * O_APPEND, so that each write lands whole behind those of other processes. O_NONBLOCK means nothing to a file, and to
 * a pipe that nobody reads that opening it fails and writing to it does not wait.
 */
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK;
/** Opening it again gives this process a description of its own: O_NONBLOCK is then set for nobody else. */
const OWN_OUTPUT = '/proc/self/fd/1';
const OUTPUT_FD = 1;

/**
 * @param name a path, or `-` for standard output
 * @throws {Error} with a message that is one plain clause
 */
export async function openLogFile(name: string): Promise<LogFile> {
  if (name === STANDARD_OUTPUT) return openOutput();
  try {
    return await described(await open(name, APPEND | constants.O_CREAT));
  } catch (error) {
    throw new Error(systemProblem(error));
  }
}

/**
 * A socket cannot be opened again, nor can anything where there is no /proc; then the one there is has to do. It is
 * taken for one whose writes wait: O_NONBLOCK is every process's who shares it, and each worker that starts or exits
 * takes it back (uv_spawn and Node's reset of its standard files).
 */
async function openOutput(): Promise<LogFile> {
  try {
    return await described(await open(OWN_OUTPUT, APPEND));
  } catch {
    return { fd: OUTPUT_FD, isOrdinary: fstatSync(OUTPUT_FD).isFile(), nonBlocking: false, close: async () => {} };
  }
}

async function described(handle: FileHandle): Promise<LogFile> {
  const isOrdinary = (await statOf(handle)).isFile();
  return { fd: handle.fd, isOrdinary, nonBlocking: !isOrdinary, close: () => handle.close() };
}

async function statOf(handle: FileHandle): Promise<Stats> {
  try {
    return await handle.stat();
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** @returns why the system would not open or write, as one plain clause */
export function systemProblem(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, errno }: NodeJS.ErrnoException = error;
  if (code === 'ENXIO') return 'it is a socket, or a pipe that nobody reads';
  return getSystemErrorMap().get(errno ?? 0)?.[1] ?? error.message;
}
