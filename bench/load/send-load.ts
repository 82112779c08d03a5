/** bench/load/send-load.ts: what the load generator does: sends a load at fixed times, or holds idle connections. */
import { setTimeout as sleep } from 'node:timers/promises';
import { machineMs } from '../clock.js';
import { Client, getRequest } from '../http/client.js';
import { type Lane, OpenLoop } from './open-loop.js';
import type { LoadOrder } from './order.js';
import type { RequestRecord } from './record.js';
import { everyMs } from './ticker.js';

/** Connections are opened this long before the first request is due. */
const HEAD_START_MS = 200;
const TIMER_STARTS_WITHIN_MS = 50;
/** Connections that {@link holdConnections} opens at a time. */
const OPENED_AT_ONCE = 64;

class LoadConnection extends Client implements Lane {
  method: Lane['method'] = 'GET';
  dueMs = Number.NaN;
}

/** @param onBegun is told when the first request is due, in milliseconds of the machine's clock */
export async function sendLoad(
  order: LoadOrder,
  onBegun: (startMs: number) => void = () => undefined,
): Promise<RequestRecord[]> {
  const url = new URL(order.url);
  const startMs = machineMs() + HEAD_START_MS;
  const endMs = order.phases.reduce((sum, { forMs }) => sum + forMs, startMs) + order.graceMs;
  const connect = (): LoadConnection => {
    const connection: LoadConnection = new LoadConnection(url.hostname, Number(url.port), {
      onEnded: (_, ending, nowMs) => {
        loop.ended(connection, ending, nowMs);
        if (ending === 'complete') loop.advance(nowMs);
      },
      onGone: () => loop.gone(connection),
    });
    return connection;
  };
  const loop: OpenLoop<LoadConnection> = new OpenLoop(order, startMs, connect);
  onBegun(startMs);
  // The timer's thread takes its time to start, and then wakes this one for nothing until the first request is due.
  await sleep(HEAD_START_MS - TIMER_STARTS_WITHIN_MS);
  return new Promise((resolve) => {
    const stop = everyMs(order.tickMs, () => {
      const nowMs = machineMs();
      if (!loop.isComplete && nowMs < endMs) return loop.advance(nowMs);
      stop();
      loop.finish(nowMs);
      resolve(loop.records);
    });
  });
}

/**
 * Opens `count` connections and asks one request on each.
 * @param onLost is told how many are left whenever one is closed
 * @returns once every connection has had its response
 * @throws {Error} when a connection is closed without one
 */
export async function holdConnections(url: URL, count: number, onLost: (left: number) => void): Promise<void> {
  let held = 0;
  const hold = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const client = new Client(url.hostname, Number(url.port), {
        onEnded: (_, ending) => {
          if (ending !== 'complete') return reject(new Error('a connection was closed without an answer'));
          held += 1;
          resolve();
        },
        onGone: () => onLost(--held),
      });
      client.ask(getRequest(url));
    });
  let left = count;
  const holdInTurn = async (): Promise<void> => {
    while (left-- > 0) await hold();
  };
  await Promise.all(Array.from({ length: OPENED_AT_ONCE }, holdInTurn));
}
