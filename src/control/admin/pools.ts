/**
 * control/admin/pools.ts: the pools over HTTP: look at them, add, change and remove backends. A pool's version is its
 * entity tag, so that two operators who look, think and then change cannot overwrite each other unawares.
 */
import { type Context, Hono } from 'hono';
import { backendConfig } from '../../config/schema.js';
import { unknownBackend, unknownPool } from '../errors.js';
import { backendIdOf, backendPatch, type PoolChanges } from '../membership.js';
import type { BackendView, BalancerView, PoolView } from '../view.js';
import { boundedBody, readBody } from './body.js';
import { RequestError } from './request-error.js';

/** What the admin interface shows and changes. */
export interface AdminSource extends PoolChanges {
  view(): BalancerView;
}

/** How a change is answered. */
interface Changed {
  readonly pool: string;
  readonly version: number;
  /** How many backends a new request may go to. */
  readonly eligible: number;
  /** As it is now; as it was, for one that was removed. */
  readonly backend: BackendView;
}

export function poolRoutes(source: AdminSource): Hono {
  const routes = new Hono();
  routes.get('/', (context) => context.json(source.view().pools));
  routes.get('/:pool', (context) => {
    const pool = poolOf(source, context);
    return context.json(pool, 200, tagOf(pool));
  });
  routes.post('/:pool/backends', boundedBody, (context) => add(context, source));
  routes.get('/:pool/backends/:id', (context) => {
    const pool = poolOf(source, context);
    return context.json(backendOf(pool, context.req.param('id')), 200, tagOf(pool));
  });
  routes.patch('/:pool/backends/:id', boundedBody, (context) => update(context, source));
  routes.delete('/:pool/backends/:id', (context) => remove(context, source));
  return routes;
}

async function add(context: Context, source: AdminSource): Promise<Response> {
  const input = await readBody(context, backendConfig);
  // From here to the change nothing waits, so what was found is what is changed.
  const before = poolOf(source, context);
  requireMatch(context, before);
  const version = source.addBackend(before.name, input);
  const { answer, headers } = changed(source, before.name, input.address);
  const location = `/api/pools/${encodeURIComponent(before.name)}/backends/${encodeURIComponent(answer.backend.id)}`;
  if (version === before.version) return context.json(answer, 200, headers);
  return context.json(answer, 201, { ...headers, location });
}

async function update(context: Context, source: AdminSource): Promise<Response> {
  const patch = await readBody(context, backendPatch);
  const before = poolOf(source, context);
  requireMatch(context, before);
  const { id } = backendOf(before, context.req.param('id'));
  source.updateBackend(before.name, id, patch);
  const { answer, headers } = changed(source, before.name, id);
  return context.json(answer, 200, headers);
}

function remove(context: Context, source: AdminSource): Response {
  const before = poolOf(source, context);
  const backend = backendOf(before, context.req.param('id'));
  requireMatch(context, before);
  source.removeBackend(before.name, backend.id);
  const after = poolOf(source, context);
  const answer: Changed = { pool: after.name, version: after.version, eligible: after.eligible, backend };
  return context.json(answer, 200, tagOf(after));
}

function changed(source: AdminSource, name: string, id: string): { answer: Changed; headers: { etag: string } } {
  const pool = poolNamed(source, name);
  const answer = { pool: name, version: pool.version, eligible: pool.eligible, backend: backendOf(pool, id) };
  return { answer, headers: tagOf(pool) };
}

function poolOf(source: AdminSource, context: Context): PoolView {
  return poolNamed(source, context.req.param('pool') ?? '');
}

/** @throws {ChangeError} when there is none */
function poolNamed(source: AdminSource, name: string): PoolView {
  const { pools } = source.view();
  const pool = pools.find((each) => each.name === name);
  if (pool === undefined)
    throw unknownPool(
      name,
      pools.map((each) => each.name),
    );
  return pool;
}

/** @throws {ChangeError} when there is none */
function backendOf({ name, backends }: PoolView, text = ''): BackendView {
  const id = backendIdOf(text);
  const backend = backends.find((each) => each.id === id);
  if (backend === undefined)
    throw unknownBackend(
      name,
      text,
      backends.map((each) => each.id),
    );
  return backend;
}

function tagOf({ version }: PoolView): { etag: string } {
  return { etag: `"${version}"` };
}

/** RFC 9110 section 13.1.1. @throws {RequestError} when the asker has another version in mind */
function requireMatch(context: Context, pool: PoolView): void {
  const header = context.req.header('if-match')?.trim();
  if (header === undefined || header === '*') return;
  const tags = header.split(',').map((tag) => tag.trim());
  if (!tags.every((tag) => /^(W\/)?"[^"]*"$/.test(tag))) {
    throw new RequestError(400, `If-Match: ${header} is no version; write it in quotes, as in "${pool.version}"`);
  }
  if (tags.includes(tagOf(pool).etag)) return;
  throw new RequestError(412, `Pool "${pool.name}" is at version ${pool.version} by now; look at it again first`);
}
