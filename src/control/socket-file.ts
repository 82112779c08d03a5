/**
 * control/socket-file.ts: makes socket files for the admin interface and for listeners. A file that a killed process has
 * left behind is replaced; a file on which a process answers is not.
 */
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  unlinkSync,
} from 'node:fs';
import net from 'node:net';
import { basename, dirname, join } from 'node:path';
import { listenError, StartError } from './errors.js';

/** Mode of a file that its owner alone can open. */
const FOR_THE_OWNER = 0o600;

/** Characters of the names under which socket files are made. */
const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** A socket file that was made here. */
export interface SocketFile {
  /** Gives the file another mode, unless another one has taken its place. */
  setMode(mode: number): void;
  /** Removes the file, unless another one has taken its place. */
  remove(): void;
}

/**
 * Binds a socket to the file at `path`. The file is made under another name and then put in place: the system removes
 * what it has made when the socket closes, by its name, and the file there may be another program's by then.
 * @param mode who may connect, as of chmod(2)
 * @param bind binds a socket to the path that it is given. @returns the system's error code, or `undefined`
 * @throws {StartError} a process listens there, the file is no socket, or the system does not allow it
 */
export async function makeSocketFile(
  path: string,
  mode: number,
  bind: (beside: string) => Promise<string | undefined> | string | undefined,
): Promise<SocketFile> {
  await removeStale(path);
  const beside = join(dirname(path), besideName(Math.max(basename(path).length, 4)));
  const code = await bindForTheOwner(beside, bind);
  // libuv reports a missing directory as EACCES, as Windows does.
  if (code === 'EACCES' && !existsSync(dirname(path))) throw listenError(`unix:${path}`, 'ENOENT');
  if (code !== undefined) throw listenError(`unix:${path}`, code);
  try {
    if (mode !== FOR_THE_OWNER) chmodSync(beside, mode);
    const made = statSync(beside);
    putInPlace(beside, path);
    const ifOwn = (act: () => void): void => {
      if (isSame(path, made)) act();
    };
    return {
      setMode: (next) => ifOwn(() => chmodSync(path, next)),
      remove: () => ifOwn(() => rmSync(path, { force: true })),
    };
  } catch (error) {
    throw listenError(`unix:${path}`, codeOf(error) === 'EEXIST' ? 'EADDRINUSE' : codeOf(error));
  }
}

/**
 * Listens on the socket file at `path`, which only this user can open.
 * @returns a function that removes the file if it is still the one made here; call it when the server closes
 * @throws {StartError} as {@link makeSocketFile}
 */
export async function listenOnFile(server: net.Server, path: string): Promise<() => void> {
  try {
    const file = await makeSocketFile(path, FOR_THE_OWNER, (beside) => tryListen(server, beside));
    return () => file.remove();
  } catch (error) {
    if (server.listening) server.close();
    throw error;
  }
}

/** Calls `bind` with a umask that leaves read and write to the owner, so others cannot open the file at any moment. */
function bindForTheOwner<T>(beside: string, bind: (beside: string) => T): T {
  const before = process.umask(0o777 & ~FOR_THE_OWNER);
  try {
    // The file is made before this call returns, so the umask can be put back right after it.
    return bind(beside);
  } finally {
    process.umask(before);
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

function isSame(path: string, made: Stats): boolean {
  const found = statsOf(path);
  return found?.ino === made.ino && found.dev === made.dev;
}

/** @returns `undefined` once the server listens, or else the system's error code */
function tryListen(server: net.Server, path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException): void => resolve(error.code ?? error.message);
    server.once('error', failed);
    server.listen({ path, exclusive: true }, () => {
      server.off('error', failed);
      resolve(undefined);
    });
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
