/**
 * control/admin/socket-file.ts: listens on a socket file that only this user can open. A file that a killed process has
 * left behind is replaced; a file on which a process answers is not.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, lstatSync, renameSync, rmSync, type Stats, statSync, unlinkSync } from 'node:fs';
import net from 'node:net';
import { basename, dirname, join } from 'node:path';
import { listenError, StartError } from '../errors.js';

/**
 * Umask that leaves read and write to the owner. Set before the file is made, so others cannot open it at any moment.
 */
const FOR_THE_OWNER = 0o177;

/** Characters of the names under which socket files are made. */
const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';

/**
 * Listens on the socket file at `path`. The file is made under another name and then put in place: the system removes
 * what it has made when the server closes, by its name, and the file there may be another program's by then.
 * @returns a function that removes the file if it is still the one made here; call it when the server closes
 * @throws {StartError} a process listens there, the file is no socket, or the system does not allow it
 */
export async function listenOnFile(server: net.Server, path: string): Promise<() => void> {
  await removeStale(path);
  const beside = join(dirname(path), besideName(Math.max(basename(path).length, 4)));
  const code = await tryListen(server, beside);
  // libuv reports a missing directory as EACCES, as Windows does.
  if (code === 'EACCES' && !existsSync(dirname(path))) throw listenError(`unix:${path}`, 'ENOENT');
  if (code !== undefined) throw listenError(`unix:${path}`, code);
  try {
    const made = statSync(beside);
    putInPlace(beside, path);
    return () => removeOwn(path, made);
  } catch (error) {
    server.close();
    throw listenError(`unix:${path}`, codeOf(error) === 'EEXIST' ? 'EADDRINUSE' : codeOf(error));
  }
}

function besideName(length: number): string {
  return Array.from(randomBytes(length), (byte) => LETTERS.charAt(byte % LETTERS.length)).join('');
}

/** Gives a file its name. Fails if another file has that, but on a disk without hard links, where it is replaced. */
function putInPlace(beside: string, path: string): void {
  try {
    linkSync(beside, path);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw error;
    renameSync(beside, path);
    return;
  }
  unlinkSync(beside);
}

function removeOwn(path: string, made: Stats): void {
  const found = statsOf(path);
  if (found?.ino === made.ino && found.dev === made.dev) rmSync(path, { force: true });
}

/** @returns `undefined` once the server listens, or else the system's error code */
function tryListen(server: net.Server, path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException): void => resolve(error.code ?? error.message);
    server.once('error', failed);
    const before = process.umask(FOR_THE_OWNER);
    try {
      // The file is made before this call returns, so the umask can be put back right after it.
      server.listen({ path, exclusive: true }, () => {
        server.off('error', failed);
        resolve(undefined);
      });
    } finally {
      process.umask(before);
    }
  });
}

/** Removes a socket file that no process listens on. @throws {StartError} when it is no socket, or a process listens */
async function removeStale(path: string): Promise<void> {
  const found = statsOf(path);
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new StartError(`Cannot listen on unix:${path}: a file that is no socket is in the way`);
  }
  if (await isAnswered(path)) throw listenError(`unix:${path}`, 'EADDRINUSE');
  rmSync(path, { force: true });
}

/** Whether a process listens. Only ECONNREFUSED and ENOENT say no: a full backlog fails the connection as well. */
function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT'));
  });
}

function statsOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch {
    return undefined;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
