/** bench/scenarios/start-time.ts: from starting the program to the first answer through it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Child } from '../children.js';
import { askOnce } from '../http/client.js';
import { freePorts, LOOPBACK } from '../loopback.js';
import type { ScenarioContext, ScenarioResult } from '../scenario.js';
import { startBackends } from '../stage.js';
import type { Subject } from '../subjects.js';
import type { Column } from '../track.js';
import { eachInTurn } from './in-turn.js';

const TRY_EVERY_MS = 2;
const START_WITHIN_MS = 10_000;

const COLUMNS: readonly Column[] = [
  { title: 'ms', metric: 'startMs', way: 'median', digits: 0 },
  { title: 'least', metric: 'startMs', way: 'least', digits: 0 },
];

export async function startTime(bench: ScenarioContext): Promise<ScenarioResult> {
  const { options, children, plan } = bench;
  const backends = await startBackends(children, options.body, plan.load);
  const measure = async (subject: Subject) => ({ startMs: await startOnce(subject, backends, bench) });
  return { columns: COLUMNS, ...(await eachInTurn(bench, options.rounds, measure)) };
}

/**
 * @returns milliseconds
 * @throws {Error} when it does not answer within 10 s
 */
async function startOnce(
  subject: Subject,
  backends: readonly string[],
  { children, plan }: ScenarioContext,
): Promise<number> {
  const [port = 0] = await freePorts(1);
  const command = subject.command({ port, backends, folder: children.temporaryFolder() });
  const start = performance.now();
  const child = await children.start(command, plan[subject.cores]);
  await untilAnswered(new URL(`http://${LOOPBACK}:${port}/`), child, start + START_WITHIN_MS);
  const took = performance.now() - start;
  await children.end(child);
  return took;
}

async function untilAnswered(url: URL, child: Child, deadlineMs: number): Promise<void> {
  while ((await askOnce(url, START_WITHIN_MS)).message?.status !== 200) {
    if (child.hasEnded()) throw new Error((await child.ended).description);
    if (performance.now() > deadlineMs) throw new Error('it did not answer in time');
    await sleep(TRY_EVERY_MS);
  }
}
