/**
 * bench/probes.ts: `node dist/bench/probes.js`. What health checks cost the primary: CPU of the whole process, probe
 * thread included, and how late its event loop is, with every backend probed over a connection of its own each time.
 * The same process without probes is the floor.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as after } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { type Config, configSchema } from '../src/config/schema.js';
import { type RunningBalancer, startBalancer } from '../src/control/balancer.js';
import { createLogger } from '../src/control/logger.js';
import type { Reading } from '../src/control/reloads.js';
import { benchCommand, wholeNumber } from './command.js';
import { describeBusy, describeMachine, readMachine } from './machine.js';
import { figure, formatTable } from './table.js';

const WARM_UP_MS = 2_000;
const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok';
const POOL = 'default';

interface Options {
  readonly backends: number;
  readonly interval: number;
  readonly seconds: number;
}

/** Runs in the child: listens on `count` ports, reports them, and reports the number of probes whenever it is asked. */
async function serve(count: number): Promise<void> {
  let probes = 0;
  const ports: number[] = [];
  for (let index = 0; index < count; index++) {
    const server = createServer({ noDelay: true }, (socket) => {
      probes += 1;
      socket.on('error', () => socket.destroy());
      socket.once('data', () => socket.end(ANSWER));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ports.push(z.object({ port: z.number() }).parse(server.address()).port);
  }
  process.send?.(ports);
  process.on('message', () => process.send?.(probes));
  process.once('disconnect', () => process.exit());
}

async function ask(child: ChildProcess): Promise<number> {
  child.send('count');
  const [count]: unknown[] = await once(child, 'message');
  return z.number().parse(count);
}

function configOf(ports: readonly number[], healthCheck: object): Config {
  return configSchema.parse({
    listeners: [{ address: '127.0.0.1:0' }],
    admin: 'off',
    workers: 1,
    pools: { [POOL]: { backends: ports.map((port) => ({ address: `127.0.0.1:${port}` })), healthCheck } },
  });
}

async function measure(child: ChildProcess, seconds: number): Promise<readonly string[]> {
  await after(WARM_UP_MS);
  const [probes, startedAt, cpu] = [await ask(child), performance.now(), process.cpuUsage()];
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  await after(seconds * 1_000);
  delay.disable();
  const { user, system } = process.cpuUsage(cpu);
  const elapsedMs = performance.now() - startedAt;
  const perSecond = ((await ask(child)) - probes) / (elapsedMs / 1_000);
  const share = (user + system) / 1_000 / elapsedMs;
  // The histogram holds intervals of a 10 ms timer; the delay is what exceeds 10 ms.
  const late = (ns: number): string => figure(Math.max(0, ns / 1e6 - 10), 2);
  return [
    figure(perSecond, 0),
    figure(share * 100, 1),
    late(delay.percentile(50)),
    late(delay.percentile(99)),
    late(delay.max),
  ];
}

async function measureAll({ backends, interval, seconds }: Options): Promise<void> {
  const child = fork(fileURLToPath(import.meta.url), ['serve', String(backends)]);
  const [ports] = z.tuple([z.array(z.number())]).parse((await once(child, 'message')).slice(0, 1));
  const rows = [['', 'probes/s', 'CPU, % of a core', 'loop late p50 ms', 'p99', 'max']];
  let config = configOf(ports, { interval: '24h' });
  const read = async (): Promise<Reading> => ({ config, adminTokens: {}, secrets: {} });
  const source = { file: 'probes', read, complete: () => config };
  const balancer: RunningBalancer = await startBalancer(config, createLogger('error'), { source });
  for (const [name, keys] of [
    ['no probes', { interval: '24h' }],
    ['TCP', { interval }],
    ['HTTP', { interval, path: '/health' }],
    ['HTTP, text in the body', { interval, path: '/health', body: 'ok' }],
  ] as const) {
    config = configOf(ports, keys);
    await balancer.reload();
    rows.push([name, ...(await measure(child, seconds))]);
  }
  const machine = readMachine();
  console.log([describeMachine(machine), ...describeBusy(machine), '', formatTable(rows)].join('\n'));
  await balancer.close(0);
  child.disconnect();
}

if (process.argv[2] === 'serve') await serve(Number(process.argv[3]));
else {
  const options = benchCommand('probes')
    .description('What health checks cost the primary')
    .option('--backends <n>', 'backends, each with a port of its own', wholeNumber(1, 10_000), 1_000)
    .option('--interval <ms>', 'between two probes of one backend', wholeNumber(10, 60_000), 1_000)
    .option('--seconds <n>', 'length of each measurement', wholeNumber(1, 600), 10)
    .parse()
    .opts<Options>();
  await measureAll(options);
}
