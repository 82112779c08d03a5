/**
 * bench/faults/backend.ts: `node backend.js HOST PORT NAME SLOTS`, a server that does its work as told, a line on stdin
 * at a time ({@link Mode}), and says on stdout what it has received that must not be sent twice. It serves SLOTS
 * requests at a time, the others wait in it, so that its capacity is known whatever the machine can do.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { BODY_BYTES, HEAD_AFTER_MS, type Mode, modeSchema, REST_AFTER_MS } from './backend-modes.js';

const HALF = 'x'.repeat(BODY_BYTES / 2);

const [host = '', port = '', name = '', slots = ''] = process.argv.slice(2);
let mode: Mode = { mode: 'serve' };
let freeSlots = Number(slots);
const waiting: (() => void)[] = [];

const server = createServer((request, response) => {
  if (request.method === 'POST') process.stdout.write(`post ${String(request.headers['x-id'])}\n`);
  request.resume();
  response.setHeader('x-backend', name);
  response.on('error', () => undefined);
  if (request.url === '/health') void health(response);
  else void serve(request, response);
});

/** Answers a health check. Only `slow` shows in it: the faults that health checks miss are the hard ones. */
async function health(response: ServerResponse): Promise<void> {
  if (mode.mode === 'slow') await sleep(mode.byMs);
  response.end('ok\n');
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { mode: how } = mode;
  if (how === 'mute') return;
  if (how === 'fail') return fail(response);
  const slowerMs = mode.mode === 'slow' ? mode.byMs : 0;
  await slot();
  // The work goes on when the client has left, as it does in most servers.
  await sleep(HEAD_AFTER_MS + slowerMs);
  if (mode.mode === 'refuse') response.shouldKeepAlive = false;
  response.writeHead(200, { 'content-type': 'text/plain', 'content-length': BODY_BYTES });
  response.write(HALF);
  await sleep(REST_AFTER_MS);
  if (how === 'cut') request.socket.resetAndDestroy();
  else response.end(HALF);
  leaveSlot();
}

function fail(response: ServerResponse): void {
  response.statusCode = 500;
  response.end('failed\n');
}

async function slot(): Promise<void> {
  if (freeSlots > 0) freeSlots -= 1;
  else await new Promise<void>((resolve) => waiting.push(resolve));
}

function leaveSlot(): void {
  const next = waiting.shift();
  if (next === undefined) freeSlots += 1;
  else next();
}

function become(next: Mode): void {
  if (mode.mode === 'refuse' && next.mode !== 'refuse') listen();
  else console.log('ready');
  // close() lets the requests that have arrived finish and then closes their connections.
  if (next.mode === 'refuse' && mode.mode !== 'refuse') server.close();
  mode = next;
}

function listen(): void {
  server.listen(Number(port), host, () => console.log('ready'));
}

createInterface({ input: process.stdin })
  .on('line', (line) => become(modeSchema.parse(JSON.parse(line))))
  // The process that started this one has ended.
  .on('close', () => process.exit(0));
listen();
