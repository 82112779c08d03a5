/** commands/admin/actions.ts: what `status`, `workers`, `drain`, `enable`, `weight`, `add` and `remove` do. */
import { setTimeout as pause } from 'node:timers/promises';
import * as z from 'zod';
import { readBackends } from '../../config/backend-list.js';
import { MAX_WEIGHT } from '../../config/schema.js';
import { alternatives, similarWord } from '../../config/similar.js';
import { UsageError } from '../../config/usage-error.js';
import { durationMs } from '../../config/values.js';
import { backendIdOf } from '../../control/membership.js';
import { parseAddress } from '../../core/address.js';
import { backendState } from '../backend-state.js';
import { CouldNotRunError, readCount } from '../program.js';
import { createScreen } from '../screen.js';
import {
  backendAnswer,
  type ChangeAnswer,
  changeAnswer,
  poolAnswer,
  type StatusAnswer,
  statusAnswer,
  workerAnswer,
} from './answers.js';
import { clientFor, display, LOOK_AGAIN_MS, type Options, print } from './asking.js';
import type { AdminClient } from './client.js';
import { statusLines, workerLines } from './tables.js';

/** Prints the state of all pools; with `follow`, again and again until interrupted. */
export async function status(options: Options): Promise<void> {
  const client = await clientFor(options);
  const look = async (): Promise<StatusAnswer> => (await client.ask(statusAnswer, { path: '/api' })).value;
  const linesOf = (value: StatusAnswer): readonly string[] => statusLines(value, Date.now(), display());
  if (options.follow !== true) {
    const value = await look();
    return print(options, value, linesOf(value));
  }
  const screen = createScreen(process.stdout);
  for (;;) {
    const value = await look();
    if (options.json === true) console.log(JSON.stringify(value));
    else screen.show(linesOf(value));
    await pause(screen.everyMs);
  }
}

export async function workers(options: Options): Promise<void> {
  const { value } = await (await clientFor(options)).ask(z.array(workerAnswer), { path: '/api/workers' });
  print(options, value, workerLines(value, Date.now(), display()));
}

/**
 * Drains a backend. With `wait`, returns once it has no request in flight; with `within`, requests that are still in
 * flight after that time are ended. With `keepSessions`, clients whose sticky cookie names it stay, until that time.
 * @throws {UsageError} when `within` is not a time
 */
export async function drain(id: string, options: Options): Promise<void> {
  const within = withinOf(options);
  const client = await clientFor(options);
  const keepSessions = options.keepSessions === true ? { keepSessions: true } : {};
  const answer = await change(client, id, options, { admin: 'draining', ...keepSessions, ...within });
  const { backend } = answer;
  const waits = options.wait === true && !backend.drained;
  const ends = backend.drainEndsAt === null || backend.keepSessions ? '' : ', which end when its time is over';
  const stays = backend.keepSessions ? `; its sessions stay ${untilWhen(backend)}` : '';
  const inFlight = backend.inflight === 0 ? '' : `, and has ${backend.inflight} in flight${ends}`;
  // With --json there is one document: the state after the wait, if there is one.
  if (!waits || options.json !== true)
    print(options, answer, [
      `${backend.id} takes no new ${backend.keepSessions ? 'clients' : 'requests'}${inFlight}${stays}`,
      ...alarm(answer),
    ]);
  if (!waits) return;
  const drained = await untilDrained(client, answer);
  print(options, { ...answer, backend: drained }, [`${backend.id} has nothing in flight any more`]);
}

/** Gives a backend requests again. @throws {UsageError} when `options.weight` is not a weight */
export async function enable(id: string, options: Options): Promise<void> {
  const weight = options.weight === undefined ? {} : { weight: weightOf(options.weight, '--weight') };
  const answer = await change(await clientFor(options), id, options, { admin: 'enabled', ...weight });
  const state = backendState(answer.backend, Date.now());
  print(options, answer, [`${answer.backend.id} is enabled: ${state}`, ...alarm(answer)]);
}

/** Sets a backend's weight. @throws {UsageError} when `text` is not a weight */
export async function weight(id: string, text: string, options: Options): Promise<void> {
  const answer = await change(await clientFor(options), id, options, { weight: weightOf(text, 'WEIGHT') });
  print(options, answer, [`${answer.backend.id} has weight ${answer.backend.weight}`, ...alarm(answer)]);
}

/** Adds a backend. @throws {UsageError} when `text` is not exactly one `host:port[@weight]` */
export async function add(text: string, options: Options): Promise<void> {
  const [body, ...more] = readBackends([text], 'ADDRESS');
  if (body === undefined || more.length > 0) throw new UsageError(`ADDRESS: "${text}" is more than one backend`);
  const parsed = parseAddress(body.address, 1);
  if (typeof parsed === 'string') throw new UsageError(`ADDRESS: "${body.address}" ${parsed}`);
  const client = await clientFor(options);
  const pool = options.pool ?? (await onlyPool(client));
  const path = `/api/pools/${encodeURIComponent(pool)}/backends`;
  const sent = options.resolve === undefined ? body : { ...body, resolve: options.resolve };
  const { status: code, value } = await client.ask(changeAnswer, { method: 'POST', path, body: sent });
  const { id, weight } = value.backend;
  const sentence = code === 201 ? 'is added to' : 'was there already in';
  print(options, value, [`${id} ${sentence} pool ${value.pool} with weight ${weight}`, ...alarm(value)]);
}

export async function remove(id: string, options: Options): Promise<void> {
  const client = await clientFor(options);
  const path = await pathOf(client, id, options);
  const { value } = await client.ask(changeAnswer, { method: 'DELETE', path });
  const { backend } = value;
  const rest = backend.inflight === 0 ? '' : `; ${backend.inflight} in flight still finish`;
  print(options, value, [`${backend.id} is removed from pool ${value.pool}${rest}`, ...alarm(value)]);
}

function untilWhen({ id, drainEndsAt }: ChangeAnswer['backend']): string {
  return drainEndsAt === null ? `until "roundhouse drain ${id}" ends that` : `until ${drainEndsAt}`;
}

function weightOf(text: string, source: string): number {
  return readCount(text, source, MAX_WEIGHT);
}

function withinOf({ within }: Options): { readonly within?: string } {
  if (within === undefined) return {};
  if (durationMs(within) !== undefined) return { within };
  throw new UsageError(`--within: "${within}" is not a time; write 500ms, 5s or 1m, at most 24h`);
}

async function change(client: AdminClient, id: string, options: Options, body: object): Promise<ChangeAnswer> {
  const path = await pathOf(client, id, options);
  return (await client.ask(changeAnswer, { method: 'PATCH', path, body })).value;
}

async function untilDrained(
  client: AdminClient,
  { pool, backend: { id } }: ChangeAnswer,
): Promise<ChangeAnswer['backend']> {
  const path = backendPath(pool, id);
  for (;;) {
    const { value } = await client.ask(backendAnswer, { path });
    if (value.drained) return value;
    if (value.admin === 'enabled') throw new CouldNotRunError(`${id} was enabled again before it had drained`);
    await pause(LOOK_AGAIN_MS);
  }
}

/** @returns the API path of a backend, found in whichever pool has it; `--pool` is needed only if several have it */
async function pathOf(client: AdminClient, text: string, { pool }: Options): Promise<string> {
  if (pool !== undefined) return backendPath(pool, text);
  const { value: pools } = await client.ask(z.array(poolAnswer), { path: '/api/pools' });
  const id: string = backendIdOf(text);
  const having = pools.filter(({ backends }) => backends.some((each) => each.id === id || each.service === id));
  const [found, ...more] = having;
  if (more.length > 0) throw new UsageError(`Backend "${text}" is in pools ${names(having)}; say which by --pool`);
  if (found !== undefined) return backendPath(found.name, id);
  const near = similarWord(
    text,
    pools.flatMap(({ backends }) => backends.map((backend) => backend.id)),
  );
  const guess = near === undefined ? '; "roundhouse status" shows those there are' : `; did you mean "${near}"?`;
  throw new CouldNotRunError(`There is no backend "${text}"${guess}`);
}

async function onlyPool(client: AdminClient): Promise<string> {
  const { value: pools } = await client.ask(z.array(poolAnswer), { path: '/api/pools' });
  const [only, ...more] = pools;
  if (only !== undefined && more.length === 0) return only.name;
  throw new UsageError(`There are several pools; say by --pool whether ${alternatives(pools.map(({ name }) => name))}`);
}

function backendPath(pool: string, id: string): string {
  return `/api/pools/${encodeURIComponent(pool)}/backends/${encodeURIComponent(id)}`;
}

function names(pools: readonly { readonly name: string }[]): string {
  return pools.map(({ name }) => name).join(' and ');
}

function alarm({ pool, eligible, saved, problem = '' }: ChangeAnswer): readonly string[] {
  return [
    ...(eligible > 0 ? [] : [`Pool ${pool} has no backend for new requests now: they are answered with 503`]),
    ...(saved === false ? [`A restart will not keep this: ${problem}`] : []),
  ];
}
