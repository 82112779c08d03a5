/**
 * control/worker-fork.ts: starts worker processes with node:cluster. Inside another program, which may use node:cluster
 * itself, they are plain child processes instead, except in mode `round-robin`, in which node:cluster accepts for them.
 */
import { type ChildProcess, type ForkOptions, fork } from 'node:child_process';
import cluster from 'node:cluster';
import type { Accept } from './accept.js';
import type { ChannelEvents, OpenChannel, WorkerChannel } from './worker-channel.js';

const OPTIONS = {
  serialization: 'advanced',
  stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
} as const satisfies ForkOptions;

/**
 * @param file the compiled program of a worker
 * @param embedded whether this process is another program, which runs a balancer inside itself
 */
export function workerForks(file: string, accept: Accept, embedded: boolean): OpenChannel {
  if (embedded && accept !== 'round-robin') {
    return (events) => channelOf(fork(file, [], { ...OPTIONS, ...inspection() }), events);
  }
  // The first fork of this process fixes it for all later ones.
  cluster.schedulingPolicy = accept === 'round-robin' ? cluster.SCHED_RR : cluster.SCHED_NONE;
  return (events) => channelOf(forkInCluster(file), events);
}

/** Options that give each worker of a debugged process an inspector port of its own, as node:cluster does. */
function inspection(): ForkOptions {
  const isInspected = process.execArgv.some((option) => option.startsWith('--inspect'));
  return isInspected ? { execArgv: [...process.execArgv, '--inspect-port=0'] } : {};
}

/** Forks with settings of our own and puts back those that the program has for its own workers. */
function forkInCluster(file: string): ChildProcess {
  const unset = { exec: process.argv[1], args: process.argv.slice(2), serialization: undefined, stdio: undefined };
  const theirs = { ...unset, ...cluster.settings };
  cluster.setupPrimary({ ...OPTIONS, stdio: [...OPTIONS.stdio], exec: file, args: [] });
  try {
    return cluster.fork().process;
  } finally {
    cluster.setupPrimary(theirs);
  }
}

function channelOf(child: ChildProcess, events: ChannelEvents): WorkerChannel {
  child.on('message', (raw: unknown) => events.message(raw));
  child.on('disconnect', () => events.lost());
  child.once('exit', (code, signal) => events.gone(signal === null ? `exit code ${code}` : `signal ${signal}`));
  child.on('error', (error) => {
    // Without a process there is no `exit` event.
    if (child.pid === undefined) events.gone(`could not be started: ${error.message}`);
    else events.failed(error.message);
  });
  return {
    get pid() {
      return child.pid;
    },
    get connected() {
      return child.connected;
    },
    send: (message, handle, done) => void child.send(message, handle, done),
    kill: () => void child.kill('SIGKILL'),
  };
}
