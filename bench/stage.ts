/** bench/stage.ts: starts backends and subjects, and keeps them all running while the load moves from one to the next. */
import { fileURLToPath } from 'node:url';
import { type Child, type Children, messageOf } from './children.js';
import type { CorePlan } from './cores.js';
import { freePorts, LOOPBACK, untilServing } from './loopback.js';
import type { AbsentSubject, ScenarioContext } from './scenario.js';
import type { Subject } from './subjects.js';

const BACKENDS = 2;
const BACKEND_SCRIPT = fileURLToPath(new URL('./backend.js', import.meta.url));

/** A subject that is started and serves. */
export interface RunningSubject {
  readonly name: string;
  readonly label: string;
  readonly twinOf: string | undefined;
  readonly child: Child;
  readonly url: string;
}

export interface StartedSubjects {
  readonly running: readonly RunningSubject[];
  readonly absent: readonly AbsentSubject[];
}

/**
 * @param bytes size of every answer's body
 * @returns `host:port` of each backend, all of them serving
 * @throws {Error} when one cannot be started
 */
export async function startBackends(children: Children, bytes: number, cores: readonly number[]): Promise<string[]> {
  const ports = await freePorts(BACKENDS);
  for (const port of ports) {
    const child = await children.start([process.execPath, BACKEND_SCRIPT, `${port}`, `${bytes}`], cores);
    await untilServing(`http://${LOOPBACK}:${port}/`, child);
  }
  return ports.map((port) => `${LOOPBACK}:${port}`);
}

/** Starts every subject of the scenario. */
export async function startSubjects(bench: ScenarioContext, backends: readonly string[]): Promise<StartedSubjects> {
  const { options, children, plan, subjects, progress } = bench;
  const started: (RunningSubject | AbsentSubject)[] = [];
  for (const subject of subjects) {
    progress(`starting ${subject.name}`);
    started.push(await startSubject(subject, children, backends, options.path, plan));
  }
  return { running: started.filter((one) => 'child' in one), absent: started.filter((one) => 'reason' in one) };
}

/** Starts one subject. One that cannot run gives a reason; it does not fail the bench. */
export async function startSubject(
  subject: Subject,
  children: Children,
  backends: readonly string[],
  path: string,
  plan: CorePlan,
): Promise<RunningSubject | AbsentSubject> {
  const { name, twinOf } = subject;
  const found = subject.find();
  if ('missing' in found) return { name, reason: found.missing };
  const [port = 0] = await freePorts(1);
  let child: Child | undefined;
  try {
    const command = subject.command({ port, backends, folder: children.temporaryFolder() });
    child = await children.start(command, plan[subject.cores]);
    const url = `http://${LOOPBACK}:${port}${path}`;
    await untilServing(url, child);
    return { name, label: found.label, twinOf, child, url };
  } catch (error) {
    if (child !== undefined) await children.end(child);
    return { name, reason: messageOf(error) };
  }
}
