/**
 * bench/micro/reload.ts: how long a reload of 10,000 routes and 5,000 backends holds up the primary, this process, and
 * its two real workers: the longest delay of their event loops in milliseconds. "floor" is a reload that changes
 * nothing, of a small configuration.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { loadConfig } from '../../src/config/load.js';
import { loadAside } from '../../src/config/thread-load.js';
import { type RunningBalancer, startBalancer } from '../../src/control/balancer.js';
import { createLogger } from '../../src/control/logger.js';
import type { ConfigSource } from '../../src/control/reloads.js';
import type { MicroTable } from './table.js';

const ROUTES = 9_999;
const BACKENDS = 5_000;
/** Time in which workers report the delays of the reload, in milliseconds: they do so once a second. */
const SETTLE_MS = 2_500;
const LOOK_MS = 100;

type RouteOf = (index: number) => object;

const ROWS: readonly (readonly [name: string, routeOf: RouteOf])[] = [
  ['routes by field', (index) => ({ headers: { 'X-Tenant': `t${index}` }, pool: 'web' })],
  ['routes by wildcard', (index) => ({ host: `*.shop${index}.example`, pool: 'web' })],
  ['routes by path', (index) => ({ path: `/service${index}`, pool: 'web' })],
];

export async function measureReload(): Promise<MicroTable> {
  const folder = mkdtempSync(join(tmpdir(), 'roundhouse-bench-'));
  const site = await listening();
  try {
    const rows = [{ name: 'floor', values: await delaysOf(folder, portOf(site), 1, 1, () => ({ pool: 'web' })) }];
    for (const [name, routeOf] of ROWS) {
      rows.push({ name, values: await delaysOf(folder, portOf(site), ROUTES, BACKENDS, routeOf) });
    }
    const columns = ['primary ms', 'worker ms'].map((title) => ({ title, digits: 0 }));
    return { columns, rows };
  } finally {
    site.close();
    rmSync(folder, { recursive: true });
  }
}

/** @returns the longest delays of the primary and of a worker, in milliseconds, during a reload to that many */
async function delaysOf(folder: string, port: number, routes: number, backends: number, routeOf: RouteOf) {
  const config = join(folder, 'lb.json');
  const write = (routeCount: number, backendCount: number): void =>
    writeFileSync(config, JSON.stringify(configOf(port, routeCount, backendCount, routeOf)));
  write(1, 1);
  const args = { backends: [], config };
  const source: ConfigSource = {
    file: config,
    read: async () => ({
      config: await loadAside(args, {}),
      adminTokens: {},
      secrets: {},
    }),
    complete: () => loadConfig(args, {}),
  };
  const balancer = await startBalancer(await loadConfig(args, {}), createLogger('error'), { source });
  try {
    await pause(SETTLE_MS);
    write(routes, backends);
    return await delaysDuring(balancer);
  } finally {
    await balancer.close(1);
  }
}

async function delaysDuring(balancer: RunningBalancer): Promise<number[]> {
  const primary = monitorEventLoopDelay({ resolution: 1 });
  primary.enable();
  await balancer.reload();
  primary.disable();
  let longest = 0;
  for (let waited = 0; waited < SETTLE_MS; waited += LOOK_MS) {
    await pause(LOOK_MS);
    const delays = balancer.view().workers.map(({ longestLoopDelayMs }) => longestLoopDelayMs);
    longest = Math.max(longest, ...delays);
  }
  return [primary.max / 1_000_000, longest];
}

function configOf(port: number, routes: number, backends: number, routeOf: RouteOf): object {
  const addressOf = (index: number): string => `127.${1 + (index >> 8)}.${index & 255}.1:${port}`;
  return {
    workers: 2,
    admin: 'off',
    listeners: [{ address: '127.0.0.1:0' }],
    pools: {
      web: {
        backends: Array.from({ length: backends }, (_, index) => ({ address: addressOf(index) })),
        healthCheck: { interval: '60s', timeout: '30s' },
      },
    },
    routes: [...Array.from({ length: routes - 1 }, (_, index) => routeOf(index)), { pool: 'web' }],
  };
}

/** A site that takes connections on every loopback address. */
function listening(): Promise<Server> {
  const site = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.resume();
  });
  return new Promise((resolve) => site.listen({ port: 0, host: '0.0.0.0', backlog: 8_192 }, () => resolve(site)));
}

function portOf(site: Server): number {
  const address = site.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
