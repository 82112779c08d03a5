/**
 * bench/scenarios/idle-connections.ts: memory that an idle client connection takes, by how much a subject grows while
 * thousands come to stay. It holds some already: the first find room that the start left. And it has had no load: the
 * room that garbage of a busy time left would hide what they take.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Child, Children } from '../children.js';
import { readTreeUsage } from '../process-tree.js';
import type { Bench, Result } from '../scenario.js';
import { type Running, startBackends, startSubject } from '../stage.js';
import type { Column, Sample } from '../track.js';
import { eachInTurn } from './in-turn.js';

const HOLD = fileURLToPath(new URL('../hold.js', import.meta.url));
const FIRST = 2_000;
const MORE = 6_000;
/** Fresh starts of each subject. */
const ROUNDS = 3;
/** For what the last requests left behind to be collected. */
const SETTLE_MS = 1_000;
const HELD_WITHIN_MS = 20_000;

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
  const holders: Holder[] = [];
  const readings: number[] = [];
  for (const count of [FIRST, MORE]) {
    holders.push(await hold(url, count, children, plan.load));
    await sleep(SETTLE_MS);
    readings.push(readTreeUsage(child.pid)?.rssBytes ?? Number.NaN);
  }
  const lost = holders.map((holder) => holder.lost()).find((line) => line !== undefined);
  await Promise.all(holders.map((holder) => children.end(holder.child)));
  if (lost !== undefined) throw new Error(`connections were closed: ${lost}`);
  const [before = Number.NaN, after = Number.NaN] = readings;
  return { kibPerConnection: (after - before) / MORE / 1_024, rssMiB: after / 2 ** 20 };
}

interface Holder {
  readonly child: Child;
  /** @returns what it said about connections that did not last */
  readonly lost: () => string | undefined;
}

/** @returns once `count` connections have had an answer and are idle */
async function hold(url: string, count: number, children: Children, cores: readonly number[]): Promise<Holder> {
  let said = '';
  let hear = (): void => {};
  const child = await children.start([process.execPath, HOLD, url, `${count}`], cores, (text) => {
    said += text;
    hear();
  });
  await new Promise<void>((resolve, reject) => {
    hear = () => said.includes(`held ${count}\n`) && resolve();
    child.ended.then(({ description }) => reject(new Error(description)));
    setTimeout(() => reject(new Error(`did not take ${count} connections in time`)), HELD_WITHIN_MS).unref();
  });
  return { child, lost: () => /^lost.*$/m.exec(said)?.[0] };
}
