/**
 * bench/scenarios/idle-connections.ts: memory per idle client connection: how much a subject grows when
 * thousands are opened. It holds some already, because the first ones use memory that the start left free. And it is
 * freshly started, because memory that a load left free would hide what connections take.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { LoadGenerator } from '../load/order.js';
import { readTreeUsage } from '../process-tree.js';
import type { ScenarioContext, ScenarioResult } from '../scenario.js';
import { type RunningSubject, startBackends, startSubject } from '../stage.js';
import type { Column, Sample } from '../track.js';
import { eachInTurn } from './in-turn.js';

const FIRST = 2_000;
const MORE = 6_000;
/** Times that each subject is started. */
const ROUNDS = 3;
/** Time for the garbage of the last requests to be collected. */
const SETTLE_MS = 1_000;

const COLUMNS: readonly Column[] = [
  { title: 'KiB/connection', metric: 'kibPerConnection', way: 'median', digits: 2 },
  { title: 'least', metric: 'kibPerConnection', way: 'least', digits: 2 },
  { title: 'x native', metric: 'kibPerConnection', way: 'to-native', digits: 2 },
  { title: `RSS MiB with ${FIRST + MORE}`, metric: 'rssMiB', way: 'median', digits: 0 },
];

export async function idleConnections(bench: ScenarioContext): Promise<ScenarioResult> {
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

/** @throws {Error} when the subject does not accept or keep that many connections */
async function measureGrowth({ child, url }: RunningSubject, { children, plan }: ScenarioContext): Promise<Sample> {
  const generators: LoadGenerator[] = [];
  const held: (() => number | undefined)[] = [];
  const readings: number[] = [];
  for (const count of [FIRST, MORE]) {
    // One process each: a held connection needs a file and a port.
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
