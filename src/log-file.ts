/**
 * log-file.ts: opens the file of the access log, in the same way in the workers, which write to it, and in the primary,
 * which only checks at the start that it can be opened.
 */
import { constants, fstatSync, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { getSystemErrorMap } from 'node:util';

/** The name of standard output in the configuration. */
export const STANDARD_OUTPUT = '-';

/** An open log file. */
export interface LogFile {
  readonly fd: number;
  /**
   * An ordinary file: long writes are atomic, and a write waits for the disk. Otherwise a write may wait for a reader.
   */
  readonly isOrdinary: boolean;
  /** A write that would have to wait fails with EAGAIN instead. */
  readonly nonBlocking: boolean;
  close(): Promise<void>;
}

/**
 * Flags of the file: with O_APPEND each write is appended as a whole behind those of other processes. O_NONBLOCK has no
 * effect on an ordinary file; a pipe without a reader cannot be opened then, and writes to a pipe do not wait.
 */
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK;
/** Standard output, to open again: with a file description of its own, O_NONBLOCK does not affect other processes. */
const OWN_OUTPUT = '/proc/self/fd/1';
const OUTPUT_FD = 1;

/**
 * @param name a path, or `-` for standard output
 * @throws {Error} why it cannot be opened, as a clause
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
 * Opens standard output. A socket cannot be opened again, and nothing can without /proc; descriptor 1 is used then. It
 * counts as one whose writes wait: O_NONBLOCK would be shared with other processes, and each worker that starts or
 * exits clears it (uv_spawn, and Node's reset of its standard files).
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

/** @returns why a file could not be opened or written, as a clause */
export function systemProblem(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, errno }: NodeJS.ErrnoException = error;
  if (code === 'ENXIO') return 'it is a socket, or a pipe without a reader';
  return getSystemErrorMap().get(errno ?? 0)?.[1] ?? error.message;
}
