/** bench/loopback.ts: free ports on loopback, and waiting until what was started there really answers. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Child } from './children.js';
import { askOnce } from './http/client.js';

export const LOOPBACK = '127.0.0.1';
const START_WITHIN_MS = 10_000;
const TRY_EVERY_MS = 50;
const ANSWER_WITHIN_MS = 2_000;

/** @returns `count` different ports that nothing listened on a moment ago */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, LOOPBACK));
  const ports = [];
  for (const server of servers) {
    if (!server.listening) await once(server, 'listening');
    const address = server.address();
    if (address !== null && typeof address !== 'string') ports.push(address.port);
  }
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

/**
 * Waits until a GET of `url` is answered with 200.
 * @throws {Error} when `child` ends first, or 10 s have passed; the message says what was seen last
 */
export async function untilServing(url: string, child: Child): Promise<void> {
  const deadline = Date.now() + START_WITHIN_MS;
  let seen = 'no answer';
  while (Date.now() < deadline) {
    if (child.hasEnded()) throw new Error((await child.ended).description);
    seen = await statusOf(url);
    if (seen === 'status 200') return;
    await sleep(TRY_EVERY_MS);
  }
  throw new Error(`gave no 200 within ${START_WITHIN_MS / 1_000} s, last: ${seen}`);
}

async function statusOf(url: string): Promise<string> {
  const { ending, message, failure } = await askOnce(new URL(url), ANSWER_WITHIN_MS);
  if (ending === 'complete') return `status ${message?.status}`;
  return ending === 'broken' ? 'an answer cut short' : failure;
}
