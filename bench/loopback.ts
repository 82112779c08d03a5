/** bench/loopback.ts: free ports on loopback, and waiting until what was started there really answers. */
import { once } from 'node:events';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Child } from './children.js';

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

function statusOf(url: string): Promise<string> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false, timeout: ANSWER_WITHIN_MS }, (response) => {
      response.on('error', () => resolve('an answer cut short'));
      response.on('end', () => resolve(`status ${response.statusCode}`)).resume();
    });
    request.on('timeout', () => request.destroy(new Error('no answer')));
    request.on('error', (error) => resolve(error.message));
  });
}
