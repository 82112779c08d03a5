/**
 * control/admin/socket-file.ts: listens on a socket file that nobody but this user can open. A process that was killed
 * leaves its file behind; that one is replaced, one that somebody answers on never is.
 */
import { existsSync } from 'node:fs';
import { lstat, unlink } from 'node:fs/promises';
import net from 'node:net';
import { dirname } from 'node:path';
import { listenError, StartError } from '../errors.js';

/** Leaves read and write for the owner; set before the file appears, so that there is no moment in which others can. */
const FOR_THE_OWNER = 0o177;

/**
 * The file goes when the server closes.
 * @throws {StartError} somebody listens there, the file is no socket, or the system does not allow it
 */
export async function listenOnFile(server: net.Server, path: string): Promise<void> {
  const code = await tryListen(server, path);
  if (code === undefined) return;
  // Node says EACCES also where the directory is missing, as Windows does.
  if (code === 'EACCES' && !existsSync(dirname(path))) throw listenError(`unix:${path}`, 'ENOENT');
  if (code !== 'EADDRINUSE') throw listenError(`unix:${path}`, code);
  await removeStale(path);
  const second = await tryListen(server, path);
  if (second !== undefined) throw listenError(`unix:${path}`, second);
}

/** @returns the system's error code when it does not listen */
function tryListen(server: net.Server, path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException): void => resolve(error.code ?? error.message);
    server.once('error', failed);
    const before = process.umask(FOR_THE_OWNER);
    try {
      // Binds before it returns.
      server.listen({ path, exclusive: true }, () => {
        server.off('error', failed);
        resolve(undefined);
      });
    } finally {
      process.umask(before);
    }
  });
}

/** @throws {StartError} when the file is not what a dead process has left behind */
async function removeStale(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isSocket() === false) {
    throw new StartError(`Cannot listen on unix:${path}: a file that is no socket is in the way`);
  }
  if (await isAnswered(path)) throw listenError(`unix:${path}`, 'EADDRINUSE');
  await unlink(path).catch(() => undefined);
}

/** Only a refusal says that nobody is there: one with a full backlog does not accept either. */
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
