/**
 * control/admin/socket-file.ts: listens on a socket file that only this user can open. A file that a killed process has
 * left behind is replaced; a file on which a process answers is not.
 */
import { existsSync } from 'node:fs';
import { lstat, unlink } from 'node:fs/promises';
import net from 'node:net';
import { dirname } from 'node:path';
import { listenError, StartError } from '../errors.js';

/**
 * Umask that leaves read and write to the owner. Set before the file is made, so others cannot open it at any moment.
 */
const FOR_THE_OWNER = 0o177;

/**
 * Listens on the socket file at `path`, which is removed when the server closes.
 * @throws {StartError} a process listens there, the file is no socket, or the system does not allow it
 */
export async function listenOnFile(server: net.Server, path: string): Promise<void> {
  const code = await tryListen(server, path);
  if (code === undefined) return;
  // libuv reports a missing directory as EACCES, as Windows does.
  if (code === 'EACCES' && !existsSync(dirname(path))) throw listenError(`unix:${path}`, 'ENOENT');
  if (code !== 'EADDRINUSE') throw listenError(`unix:${path}`, code);
  await removeStale(path);
  const second = await tryListen(server, path);
  if (second !== undefined) throw listenError(`unix:${path}`, second);
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
  const found = await lstat(path).catch(() => undefined);
  if (found?.isSocket() === false) {
    throw new StartError(`Cannot listen on unix:${path}: a file that is no socket is in the way`);
  }
  if (await isAnswered(path)) throw listenError(`unix:${path}`, 'EADDRINUSE');
  await unlink(path).catch(() => undefined);
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
