/** test/conformance/suite.ts: runs cases against one proxy, side by side where they do not disturb each other. */
import { setTimeout as after } from 'node:timers/promises';
import type { RecordingBackend } from './backend.js';
import type { Case } from './case.js';
import { follow, type Received, sendCase, type Target } from './client.js';
import type { Seen } from './judge.js';

const AT_ONCE = 48;
/** For what a proxy has sent to the backend to arrive there, once its client has heard the last of it. */
const SETTLE_MS = 100;

interface Sent {
  readonly tag: string;
  readonly client: Received;
  readonly misled: number;
}

let tags = 0;

/** A tag that no other run of this process has. */
export function nextTag(): string {
  tags += 1;
  return `t-${tags.toString(36).padStart(6, '0')}`;
}

/** Runs every case once. @returns what was seen of each, by id */
export async function runCases(
  cases: readonly Case[],
  target: Target,
  backend: RecordingBackend,
): Promise<ReadonlyMap<string, Seen>> {
  const sent = new Map<string, Sent>();
  const queue = cases.filter(({ alone }) => alone !== true);
  const work = async (): Promise<void> => {
    for (let test = queue.shift(); test !== undefined; test = queue.shift()) {
      sent.set(test.id, await runCase(test, target, backend));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  for (const test of cases) if (test.alone === true) sent.set(test.id, await runCase(test, target, backend));
  await after(SETTLE_MS);
  return new Map([...sent].map(([id, one]) => [id, { ...one, backend: backend.recorded(one.tag) }]));
}

/** The client's half of what is seen; what reached the backend is known once things have settled. */
export async function runCase(test: Case, target: Target, backend: RecordingBackend): Promise<Sent> {
  const tag = nextTag();
  backend.prepare(tag, test.backend ?? []);
  const client = await sendCase(target, test, tag);
  let misled = 0;
  for (let index = 0; index < (test.followers ?? 0); index++) {
    if (!(await follow(target, tag, index))) misled += 1;
  }
  return { tag, client, misled };
}
