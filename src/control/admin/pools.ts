/**
 * control/admin/pools.ts: the pools over HTTP: look at them, add, change and remove backends. A pool's version is its
 * entity tag, so that two operators who look, think and then change cannot overwrite each other unawares.
 */
import { type Context, Hono } from 'hono';
import type { Journal } from '../journal.js';
import { backendGiven, backendPatch, type PoolChanges } from '../membership.js';
import type { Readings } from '../metrics/readings.js';
import type { Saved } from '../state-file.js';
import type { BackendView, BalancerView, PoolHead, PoolView } from '../view.js';
import { boundedBody, readBody } from './body.js';
import type { Operating } from './operating.js';
import type { Reloading } from './reloading.js';
import { RequestError } from './request-error.js';

/**
 * What the admin interface shows and changes. The whole view of a large pool takes longer than a change of it, so
 * there are smaller ones.
 */
export interface AdminSource extends PoolChanges, Operating, Reloading {
  readonly journal: Journal;
  view(): BalancerView;
  /** What `GET /metrics` is made from. */
  readings(): Readings;
  /** @returns why no traffic should be sent here, one line each; empty when it is ready */
  notReady(): readonly string[];
  /** @returns settled when what was changed is on disk or could not be put there; `undefined` without a state file */
  saved(): Promise<Saved | undefined>;
  /** @throws {ChangeError} when there is none */
  pool(name: string): PoolView;
  /** @throws {ChangeError} when there is none */
  poolHead(name: string): PoolHead;
  /** @throws {ChangeError} when there is none */
  backend(pool: string, id: string): BackendView;
}

/** How a change is answered. */
export interface Changed {
  readonly pool: string;
  readonly version: number;
  /** How many backends a new request may go to. */
  readonly eligible: number;
  /** As it is now; as it was, for one that was removed. */
  readonly backend: BackendView;
  /** Whether a restart keeps it; `null` without a state file. */
  readonly saved: boolean | null;
  /** Why it does not. */
  readonly problem?: string;
}

export function poolRoutes(source: AdminSource): Hono {
  const routes = new Hono();
  routes.get('/', (context) => context.json(source.view().pools));
  routes.get('/:pool', (context) => {
    const pool = source.pool(context.req.param('pool'));
    return context.json(pool, 200, tagOf(pool));
  });
  routes.post('/:pool/backends', boundedBody, (context) => add(context, source));
  routes.get('/:pool/backends/:id', (context) => {
    const pool = headOf(source, context);
    return context.json(source.backend(pool.name, context.req.param('id')), 200, tagOf(pool));
  });
  routes.patch('/:pool/backends/:id', boundedBody, (context) => update(context, source));
  routes.delete('/:pool/backends/:id', (context) => remove(context, source));
  return routes;
}

async function add(context: Context, source: AdminSource): Promise<Response> {
  const input = await readBody(context, backendGiven);
  // From here to the change nothing waits, so what was found is what is changed.
  const before = headOf(source, context);
  requireMatch(context, before);
  const version = source.addBackend(before.name, input);
  const { answer, headers } = await changed(source, before.name, source.backend(before.name, input.address));
  const location = `/api/pools/${encodeURIComponent(before.name)}/backends/${encodeURIComponent(answer.backend.id)}`;
  if (version === before.version) return context.json(answer, 200, headers);
  return context.json(answer, 201, { ...headers, location });
}

async function update(context: Context, source: AdminSource): Promise<Response> {
  const patch = await readBody(context, backendPatch);
  const { name, id } = target(context, source);
  source.updateBackend(name, id, patch);
  const { answer, headers } = await changed(source, name, source.backend(name, id));
  return context.json(answer, 200, headers);
}

async function remove(context: Context, source: AdminSource): Promise<Response> {
  const { name, id } = target(context, source);
  const backend = source.backend(name, id);
  source.removeBackend(name, id);
  const { answer, headers } = await changed(source, name, backend);
  return context.json(answer, 200, headers);
}

/** The backend that the path names, once it is sure that the asker has its pool as it is. */
function target(context: Context, source: AdminSource): { readonly name: string; readonly id: string } {
  const pool = headOf(source, context);
  const { id } = source.backend(pool.name, context.req.param('id') ?? '');
  requireMatch(context, pool);
  return { name: pool.name, id };
}

/** The answer says how the pool was when it had been changed, and is given when that is on disk. */
async function changed(
  source: AdminSource,
  name: string,
  backend: BackendView,
): Promise<{ readonly answer: Changed; readonly headers: { etag: string } }> {
  const pool = source.poolHead(name);
  const { saved = null, ...problem } = (await source.saved()) ?? {};
  const answer = { pool: name, version: pool.version, eligible: pool.eligible, backend, saved, ...problem };
  return { answer, headers: tagOf(pool) };
}

function headOf(source: AdminSource, context: Context): PoolHead {
  return source.poolHead(context.req.param('pool') ?? '');
}

function tagOf({ version }: PoolHead): { etag: string } {
  return { etag: `"${version}"` };
}

/** RFC 9110 section 13.1.1. @throws {RequestError} when the asker has another version in mind */
function requireMatch(context: Context, pool: PoolHead): void {
  const header = context.req.header('if-match')?.trim();
  if (header === undefined || header === '*') return;
  const tags = header.split(',').map((tag) => tag.trim());
  if (!tags.every((tag) => /^(W\/)?"[^"]*"$/.test(tag))) {
    throw new RequestError(400, `If-Match: ${header} is no version; write it in quotes, as in "${pool.version}"`);
  }
  if (tags.includes(tagOf(pool).etag)) return;
  throw new RequestError(412, `Pool "${pool.name}" is at version ${pool.version} by now; look at it again first`);
}
