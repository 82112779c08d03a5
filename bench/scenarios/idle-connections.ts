/**
 * bench/scenarios/idle-connections.ts: memory that an idle client connection takes, by how much a subject grows while
 * thousands come to stay. It holds some already: the first find room that the start left. And it has had no load: the
 * room that garbage of a busy time left would hide what they take.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { LoadGenerator } from '../load/order.js';
import { readTreeUsage } from '../process-tree.js';
import type { Bench, Result } from '../scenario.js';
import { type Running, startBackends, startSubject } from '../stage.js';
import type { Column, Sample } from '../track.js';
import { eachInTurn } from './in-turn.js';

const FIRST = 2_000;
const MORE = 6_000;
/** Fresh starts of each subject. */
const ROUNDS = 3;
/** For what the last requests left behind to be collected. */
const SETTLE_MS = 1_000;

const COLUMNS: readonly Column[] = [
  { title: 'KiB/connection', metric: 'kibPerConnection', way: 'median', digits: 2 },
  { title: 'least', metric: 'kibPerConnection', way: 'least', digits: 2 },
  { title: 'x native', metric: 'kibPerConnection', way: 'to-native', digits: 2 },
  { title: `RSS MiB with ${FIRST + MORE}`, metric: 'rssMiB', way: 'median', digits: 0 },
];

export async function idleConnections(bench: Bench): Promise<Result> {
  const { options, children, plan } = bench;
  const backends = await startBackends(children, options.body, plan.load);
  const stage = await eachInTurn(bench, ROUNDS, async (subject) => {
    const started = await startSubject(subject, children, backends, options.path, plan);
    if ('reason' in started) throw new Error(started.reason);
    const sample = await measureGrowth(started, bench);
    await children.end(started.child);
    return sample;
  });
  return { columns: COLUMNS, ...stage };
}

/** @throws {Error} when it does not take or keep that many connections */
async function measureGrowth({ child, url }: Running, { children, plan }: Bench): Promise<Sample> {
  const generators: LoadGenerator[] = [];
  const held: (() => number | undefined)[] = [];
  const readings: number[] = [];
  for (const count of [FIRST, MORE]) {
    // Each holds its connections in a process of its own, which has ports enough.
    const generator = await LoadGenerator.start(children, plan.load);
    generators.push(generator);
    held.push(await generator.hold(url, count));
    await sleep(SETTLE_MS);
    readings.push(readTreeUsage(child.pid)?.rssBytes ?? Number.NaN);
  }
  const left = held.map((leftOf) => leftOf()).find((count) => count !== undefined);
  await Promise.all(generators.map((generator) => children.end(generator.child)));
  if (left !== undefined) throw new Error(`connections were closed: lost, ${left} left`);
  const [before = Number.NaN, after = Number.NaN] = readings;
  return { kibPerConnection: (after - before) / MORE / 1_024, rssMiB: after / 2 ** 20 };
}
