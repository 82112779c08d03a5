/**
 * workers/main.ts: the entry of a worker process: joins the primary's channel to a {@link Worker}. It listens only
 * once it holds a full snapshot, and never outlives the primary by more than the drain time.
 */
import cluster from 'node:cluster';
import { setFlagsFromString } from 'node:v8';
import type { ToPrimary, ToWorker } from '../src/messages.js';
import type { Worker } from './worker.js';

// Node opens a debugger on SIGUSR1 until the process has a handler of its own, so that one comes before everything that
// takes time to load. What the signal means is decided by the primary.
process.on('SIGUSR1', () => {});

// A request goes through many small functions. V8 stops inlining into a function after 920 bytes of bytecode by default,
// and the calls that are left cost a small request 3 to 4 % of its CPU. The flag moves that limit and nothing else.
setFlagsFromString('--max-inlined-bytecode-size-cumulative=2400');

const [messages, { completed }, workers] = await Promise.all([
  import('../src/messages.js'),
  import('../src/config/packed-routes.js'),
  import('./worker.js'),
]);

// node:cluster ends a worker at once when its primary is gone, unless it left of its own accord: what is in flight would
// be lost. Inside somebody's program a worker may be a plain child.
if (cluster.worker !== undefined) cluster.worker.exitedAfterDisconnect = true;

let worker: Worker | undefined;

/** Messages that the primary has not read yet. */
let unread = 0;

function send(message: ToPrimary): void {
  // The channel may be gone with the primary; what cannot be said then need not be.
  if (!process.connected) return;
  unread += 1;
  process.send?.(message, undefined, undefined, () => {
    unread -= 1;
  });
}

/** @param stuck an orderly exit would wait for a thread that may never be done */
function exit(stuck: boolean): void {
  if (stuck) process.kill(process.pid, 'SIGKILL');
  process.exit(0);
}

function start(message: Extract<ToWorker, { type: 'start' }>): void {
  const output = { send, unread: () => unread, drained: exit };
  worker = new workers.Worker(message.worker, completed(message), message.snapshots, output, message.secrets);
}

function drain(): void {
  if (worker === undefined) exit(false);
  else worker.drain(worker.context.config.drain);
}

process.on('message', (raw: unknown, handle: unknown) => {
  if (!messages.isToWorker(raw)) return;
  if (raw.type === 'start') start(raw);
  else worker?.receive(raw, handle);
});
process.on('disconnect', drain);
process.on('SIGTERM', () => {
  // A service manager may send it to all processes at once. Where a stop begins with a delay, the primary says when.
  if (worker === undefined || worker.context.config.stopDelay === 0) drain();
});
// A terminal sends these to the whole process group; the primary decides what they mean.
process.on('SIGINT', () => {});
process.on('SIGHUP', () => {});
process.on('SIGUSR2', () => {});
send({ type: 'hello' });
