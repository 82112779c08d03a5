/** bench/faults/products/roundhouse.ts: Roundhouse from this checkout, operated through its signals and admin address. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { ConfigInput } from '../../../src/config/schema.js';
import { THIS_BUILD } from '../../builds.js';
import type { Children } from '../../children.js';
import { freePorts, LOOPBACK } from '../../loopback.js';
import { type Product, type ProductSetup, type RunningProduct, SETTINGS } from '../product.js';

const ANSWER_WITHIN_MS = 5_000;
const workersSchema = z.array(z.object({ pid: z.number().nullable(), state: z.string() }));

const common = { find: () => ({ label: 'this checkout' }), lacks: {} } as const;

export const roundhouse: Product = {
  ...common,
  name: 'roundhouse',
  settings:
    'health checks by HTTP; `retries.on` also `timeout`, `500` and `gateway-error`, as the others have it; as ' +
    'many of them in a row as of failures take a backend out (`outlier.consecutiveGatewayErrors: 5`); every other ' +
    'setting is the default',
  start: (children, setup) => start(children, setup, {}),
};

export const withoutShedding: Product = {
  ...common,
  name: 'roundhouse-no-shedding',
  onlySaturated: true,
  settings: 'the same with `overload.delay: off`',
  start: (children, setup) => start(children, setup, { overload: { delay: 'off' } }),
};

async function start(children: Children, setup: ProductSetup, top: Partial<ConfigInput>): Promise<RunningProduct> {
  const [adminPort = 0] = await freePorts(1);
  const file = join(children.temporaryFolder(), 'roundhouse.json');
  const write = (weight: number): void => {
    writeFileSync(file, JSON.stringify({ ...configOf(setup, adminPort, weight), ...top }));
  };
  write(1);
  const child = await children.start([process.execPath, THIS_BUILD.cli, '--config', file], setup.cores);
  const admin = `http://${LOOPBACK}:${adminPort}/api`;
  return {
    child,
    workerPid: async () => {
      const workers = workersSchema.parse(await ask('GET', `${admin}/workers`));
      const pid = workers.find(({ state }) => state === 'listening')?.pid;
      if (typeof pid !== 'number') throw new Error('no worker listens');
      return pid;
    },
    replaceWorkers: async () => child.signal('SIGUSR2'),
    drain: async (address) => void (await ask('PATCH', backendUrl(admin, address), { admin: 'draining' })),
    undrain: async (address) => void (await ask('PATCH', backendUrl(admin, address), { admin: 'enabled' })),
    reload: async (weight) => {
      write(weight);
      child.signal('SIGHUP');
    },
  };
}

/** @param weight of the last backend */
function configOf(setup: ProductSetup, adminPort: number, weight: number): ConfigInput {
  const { port, backends, names, workers, maxConnections } = setup;
  const { checkIntervalMs, checkTimeoutMs, rise, fall, connectMs, responseMs, retries, queueMs } = SETTINGS;
  return {
    listeners: [{ address: `${LOOPBACK}:${port}` }],
    admin: `${LOOPBACK}:${adminPort}`,
    workers,
    logLevel: 'error',
    dns: names === undefined ? {} : { servers: [names.server], shortest: `${SETTINGS.nameValidMs}ms` },
    pools: {
      default: {
        backends: backends.map((address, index) => {
          return { address, maxConnections, weight: index === backends.length - 1 ? weight : 1 };
        }),
        healthCheck: {
          path: '/health',
          interval: `${checkIntervalMs}ms`,
          timeout: `${checkTimeoutMs}ms`,
          rise,
          fall,
        },
        retries: { count: retries, on: ['connect-failure', 'reset', 'bad-response', 'timeout', 500, 'gateway-error'] },
        outlier: { consecutiveGatewayErrors: 5 },
        queue: { timeout: `${queueMs}ms` },
        timeouts: { connect: `${connectMs}ms`, responseHead: `${responseMs}ms` },
      },
    },
  };
}

function backendUrl(admin: string, address: string): string {
  return `${admin}/pools/default/backends/${encodeURIComponent(address)}`;
}

/** @throws {Error} when the answer is late or no 2xx */
async function ask(method: string, url: string, body?: object): Promise<unknown> {
  const response = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  });
  if (!response.ok) throw new Error(`${method} ${url} was answered ${response.status}: ${await response.text()}`);
  return response.json();
}
