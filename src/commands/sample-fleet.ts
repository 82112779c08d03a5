/** commands/sample-fleet.ts: starts several sample backends, each as a process, so that one of them can be killed. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { CouldNotRunError } from './program.js';

const CLI = fileURLToPath(new URL('../cli.js', import.meta.url));
const reportSchema = z.union([z.object({ port: z.int() }), z.object({ failed: z.string() })]);

/** A running sample backend. */
export interface FleetMember {
  readonly id: string;
  /** `127.0.0.1:port` */
  readonly address: string;
  readonly pid: number;
  /** Resolves when the process has ended for any reason, with the signal or exit code in words. */
  readonly ended: Promise<string>;
}

export interface Fleet {
  readonly members: readonly FleetMember[];
  /** Ends every process that still runs; resolves when all have ended. */
  stop(): Promise<void>;
}

/**
 * Starts one process per port, named backend-1, backend-2 and so on; with port 0 the system chooses.
 * @throws {CouldNotRunError} if one cannot listen; all others have been ended then
 */
export async function startFleet(ports: readonly number[]): Promise<Fleet> {
  const children = ports.map((port, index) => spawnMember(port, `backend-${index + 1}`));
  const stop = async (): Promise<void> => {
    await Promise.all(children.map(({ child }) => end(child)));
  };
  try {
    const members = await Promise.all(children.map(({ child, id }) => ready(child, id)));
    return { members, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** @returns the shell command that starts a backend again after it was killed */
export function restartCommand({ id, address }: FleetMember): string {
  const near = relative(process.cwd(), CLI);
  const cli = near.startsWith('..') ? CLI : near;
  return `node ${/\s/.test(cli) ? `"${cli}"` : cli} sample-backend ${address.slice(address.lastIndexOf(':') + 1)} --id ${id}`;
}

/**
 * @returns `preferred` if it can be listened on, otherwise a port that the system chooses. Another process may take it
 * before the caller listens; listening then fails as it would have without this check
 */
export async function freePort(preferred: number): Promise<number> {
  return (await tryPort(preferred)) ?? (await tryPort(0)) ?? 0;
}

function spawnMember(port: number, id: string): { readonly child: ChildProcess; readonly id: string } {
  const stdio = ['ignore', 'ignore', 'inherit', 'ipc'] as const;
  return { child: fork(CLI, ['sample-backend', String(port), '--id', id], { stdio: [...stdio] }), id };
}

async function ready(child: ChildProcess, id: string): Promise<FleetMember> {
  const answered = once(child, 'message');
  const ended = once(child, 'exit').then(([code, signal]) => String(signal ?? `exit ${code}`));
  const [message] = await Promise.race([
    answered,
    ended.then((how) => {
      throw new CouldNotRunError(`${id} ended before it listened (${how})`);
    }),
  ]);
  const report = reportSchema.parse(message);
  if ('failed' in report) throw new CouldNotRunError(report.failed);
  if (child.pid === undefined) throw new CouldNotRunError(`${id} has no process`);
  return { id, address: `127.0.0.1:${report.port}`, pid: child.pid, ended };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
}

async function tryPort(port: number): Promise<number | undefined> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    return address === null || typeof address === 'string' ? undefined : address.port;
  } catch {
    return undefined;
  } finally {
    server.close();
  }
}
