/** commands/admin/steering.ts: what `maintenance`, `roll`, `export`, `log-level` and `healthcheck` do. */
import { setTimeout as pause } from 'node:timers/promises';
import * as z from 'zod';
import { LOG_LEVELS } from '../../config/schema.js';
import { hiddenIn } from '../../config/secrets.js';
import { alternatives, similarWord } from '../../config/similar.js';
import { UsageError } from '../../config/usage-error.js';
import { CouldNotRunError } from '../program.js';
import { maintenanceAnswer, type RollAnswer, rollAnswer } from './answers.js';
import { clientFor, LOOK_AGAIN_MS, type Options, print } from './asking.js';
import type { AdminClient, AdminOptions } from './client.js';
import { maintenanceLines } from './tables.js';

/**
 * Replaces the workers one by one; with `wait`, returns once all are replaced.
 * @throws {CouldNotRunError} when a replacement does not start
 */
export async function roll(options: Options): Promise<void> {
  const client = await clientFor(options);
  const { value: begun } = await client.ask(rollAnswer, { method: 'POST', path: '/api/roll', body: {} });
  if (options.wait !== true) return print(options, begun, [`Replacing ${workersOf(begun)}, one by one`]);
  const ended = await untilRolled(client);
  if (ended.problem !== null) throw new CouldNotRunError(ended.problem);
  print(options, ended, [`${workersOf(ended)} replaced`]);
}

/**
 * Switches maintenance on or off, of everything or of one route or pool.
 * @throws {UsageError} when `text` is neither on nor off, or both a route and a pool are named
 */
export async function maintenance(text: string, options: Options): Promise<void> {
  if (text !== 'on' && text !== 'off') throw new UsageError(`"${text}" is neither on nor off`);
  const { route, pool } = options;
  if (route !== undefined && pool !== undefined) throw new UsageError('--route and --pool exclude each other');
  const body = { on: text === 'on', route, pool };
  const client = await clientFor(options);
  const { value } = await client.ask(maintenanceAnswer, { method: 'PATCH', path: '/api/maintenance', body });
  const lines = maintenanceLines(value);
  const { saved, problem } = value;
  print(options, value, [
    ...(lines.length === 0 ? ['Nothing is in maintenance'] : lines),
    ...(saved === false ? [`A restart will not keep this: ${problem ?? ''}`] : []),
  ]);
}

/** Prints the current configuration with run-time changes, in the form that `roundhouse check` and `-c` read. */
export async function exportConfig(options: Options): Promise<void> {
  const { value } = await (await clientFor(options)).ask(z.looseObject({}), { path: '/api/config' });
  const { stringify } = await import('yaml');
  print(options, value, [stringify(value, { lineWidth: 0 }).trimEnd()]);
  for (const path of hiddenIn(value)) console.error(`${path} is hidden; put its value there yourself`);
}

/** Shows the log level, or sets it. @throws {UsageError} when `level` is not a log level */
export async function logLevel(level: string | undefined, options: Options): Promise<void> {
  if (level !== undefined && !LOG_LEVELS.some((each) => each === level)) throw unknownLevel(level);
  const client = await clientFor(options);
  const change = level === undefined ? {} : { method: 'PATCH' as const, body: { level } };
  const { value } = await client.ask(z.looseObject({ level: z.string() }), { path: '/api/log-level', ...change });
  print(options, value, [value.level]);
}

/**
 * A container's health check: succeeds if the balancer is ready for traffic.
 * @throws {CouldNotRunError} with the reasons if it is not
 */
export async function healthcheck(options: AdminOptions): Promise<void> {
  const { status, text } = await (await clientFor(options)).get('/readyz');
  if (status !== 200) throw new CouldNotRunError(`Not ready: ${text.trim().split('\n').join('; ')}`);
  console.log('ready');
}

async function untilRolled(client: AdminClient): Promise<RollAnswer> {
  for (;;) {
    const { value } = await client.ask(rollAnswer, { path: '/api/roll' });
    if (value.state !== 'running') return value;
    await pause(LOOK_AGAIN_MS);
  }
}

function workersOf({ workers }: RollAnswer): string {
  return `${workers} ${workers === 1 ? 'worker' : 'workers'}`;
}

function unknownLevel(level: string): UsageError {
  const near = similarWord(level, LOG_LEVELS);
  return new UsageError(
    `LEVEL: "${level}" is not known; ${near === undefined ? `write ${alternatives(LOG_LEVELS)}` : `did you mean ${near}?`}`,
  );
}
