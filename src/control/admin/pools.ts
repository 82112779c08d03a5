/**
 * control/admin/pools.ts: endpoints that show pools, and add, change and remove backends. A pool's version is its
 * entity tag: with `If-Match`, an operator changes the pool only as it was when last looked at.
 */
import type { Context } from 'hono';
import { backendConfig } from '../../config/schema.js';
import { backendGiven, backendPatch } from '../membership.js';
import type { BackendView, PoolHead } from '../view.js';
import { jsonBody } from './body.js';
import { type Endpoint, endpoint, json, reply } from './endpoint.js';
import { backendAnswer, type Changed, changedAnswer, listOf, poolAnswer } from './openapi/answers.js';
import { RequestError } from './request-error.js';
import type { AdminSource } from './source.js';

const POOL = '/api/pools/{pool}';
const BACKENDS = `${POOL}/backends` as const;
const BACKEND = `${BACKENDS}/{id}` as const;

const ETAG = { ETag: "The pool's version in quotes, for `If-Match`." };
const newBackend = jsonBody(backendGiven, backendConfig.meta({ id: 'NewBackend' }));
const backendChange = jsonBody(backendPatch.meta({ id: 'BackendChange' }));

export const poolEndpoints: readonly Endpoint[] = [
  endpoint({
    method: 'get',
    path: '/api/pools',
    id: 'getPools',
    summary: 'The pools and their backends',
    tag: 'pools',
    answers: { 200: json('The current state of every pool.', listOf(poolAnswer)) },
    handle: ({ source }) => reply(200, source.view().pools),
  }),
  endpoint({
    method: 'get',
    path: POOL,
    id: 'getPool',
    summary: 'A pool and its backends',
    tag: 'pools',
    answers: { 200: json('The current state of the pool.', poolAnswer, ETAG) },
    handle: ({ source, params }) => {
      const value = source.pool(params.pool);
      return reply(200, value, tagOf(value));
    },
  }),
  endpoint({
    method: 'post',
    path: BACKENDS,
    id: 'addBackend',
    summary: 'Adds a backend',
    tag: 'pools',
    conditional: true,
    body: newBackend,
    answers: {
      200: json('The pool has the backend already, with these settings.', changedAnswer, ETAG),
      201: json('The backend is added; a health check has begun.', changedAnswer, {
        ...ETAG,
        Location: 'Path of the backend.',
      }),
    },
    problems: [409],
    handle: async ({ context, source, params, body }) => {
      // No `await` until the change is made, so the version that is checked is the one that is changed.
      const before = source.poolHead(params.pool);
      requireMatch(context, before);
      const version = source.addBackend(before.name, body);
      const { value, headers } = await changed(source, before.name, source.backend(before.name, body.address));
      if (version === before.version) return reply(200, value, headers);
      const location = `/api/pools/${encodeURIComponent(before.name)}/backends/${encodeURIComponent(value.backend.id)}`;
      return reply(201, value, { ...headers, Location: location });
    },
  }),
  endpoint({
    method: 'get',
    path: BACKEND,
    id: 'getBackend',
    summary: 'A backend: its states, its last probe, its requests in flight',
    tag: 'pools',
    answers: { 200: json('The current state of the backend.', backendAnswer, ETAG) },
    handle: ({ source, params }) => {
      const pool = source.poolHead(params.pool);
      return reply(200, source.backend(pool.name, params.id), tagOf(pool));
    },
  }),
  endpoint({
    method: 'patch',
    path: BACKEND,
    id: 'changeBackend',
    summary: 'Changes a backend: weight, tier, maxConnections, admin state',
    description:
      'A backend with `admin: draining` gets no new requests; `within` limits how long its requests in flight may ' +
      'take. With `keepSessions: true` clients whose sticky cookie names it stay on it; `within` then says for how ' +
      'long, and the drain is an ordinary one after that. A change to the values that the backend has already leaves the version as it is.',
    tag: 'pools',
    conditional: true,
    body: backendChange,
    answers: { 200: json('The backend after the change.', changedAnswer, ETAG) },
    handle: async ({ context, source, params, body }) => {
      const { name, id } = target(context, params, source);
      source.updateBackend(name, id, body);
      const { value, headers } = await changed(source, name, source.backend(name, id));
      return reply(200, value, headers);
    },
  }),
  endpoint({
    method: 'delete',
    path: BACKEND,
    id: 'removeBackend',
    summary: 'Removes a backend; its requests in flight finish',
    tag: 'pools',
    conditional: true,
    answers: { 200: json('The backend as it was before it was removed.', changedAnswer, ETAG) },
    handle: async ({ context, source, params }) => {
      const { name, id } = target(context, params, source);
      const last = source.backend(name, id);
      source.removeBackend(name, id);
      const { value, headers } = await changed(source, name, last);
      return reply(200, value, headers);
    },
  }),
];

interface Target {
  readonly name: string;
  readonly id: string;
}

/**
 * @returns the pool's name and the backend's id that a path names
 * @throws {ChangeError} when there is no such pool or backend
 * @throws {RequestError} when `If-Match` names another version of the pool
 */
function target(context: Context, params: Readonly<Record<'pool' | 'id', string>>, source: AdminSource): Target {
  const pool = source.poolHead(params.pool);
  const { id } = source.backend(pool.name, params.id);
  requireMatch(context, pool);
  return { name: pool.name, id };
}

/** The answer to a change, with the pool's state right after it. Resolves once the change is on disk. */
async function changed(
  source: AdminSource,
  name: string,
  backend: BackendView,
): Promise<{ readonly value: Changed; readonly headers: { readonly ETag: string } }> {
  const pool = source.poolHead(name);
  const { saved = null, ...problem } = (await source.saved()) ?? {};
  const value = { pool: name, version: pool.version, eligible: pool.eligible, backend, saved, ...problem };
  return { value, headers: tagOf(pool) };
}

function tagOf({ version }: PoolHead): { readonly ETag: string } {
  return { ETag: `"${version}"` };
}

/** Evaluates `If-Match` (RFC 9110 section 13.1.1). @throws {RequestError} when it does not name the pool's version */
function requireMatch(context: Context, pool: PoolHead): void {
  const header = context.req.header('if-match')?.trim();
  if (header === undefined || header === '*') return;
  const tags = header.split(',').map((tag) => tag.trim());
  if (!tags.every((tag) => /^(W\/)?"[^"]*"$/.test(tag))) {
    throw new RequestError(400, `If-Match: ${header} is no version; write it in quotes, as in "${pool.version}"`);
  }
  if (tags.includes(tagOf(pool).ETag)) return;
  throw new RequestError(412, `Pool "${pool.name}" is at version ${pool.version} by now; look at it again first`);
}
