/**
 * control/admin/openapi/operations.ts: what may be asked of the admin interface, in words and schemas. A test holds this
 * list against the routes that there are, and real answers against the schemas.
 */
import * as z from 'zod';
import { backendConfig } from '../../../config/schema.js';
import { backendPatch } from '../../membership.js';
import { logLevelBody } from '../operating.js';
import {
  backendAnswer,
  balancerAnswer,
  changedAnswer,
  diffAnswer,
  errorAnswer,
  eventAnswer,
  poolAnswer,
  reloadAnswer,
  rollAnswer,
  routeAnswer,
  workerAnswer,
} from './answers.js';

/** `config` stands for the schema of configuration files, which is made elsewhere; a text for any other type. */
export type Content = z.ZodType | 'config' | 'text';

export interface Answer {
  readonly description: string;
  /** By media type; none for an answer without content. */
  readonly content?: Readonly<Record<string, Content>>;
  /** Names of header fields and what they say. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Statuses that are answered with one sentence in JSON. */
export type Problem = 400 | 404 | 409 | 412 | 413 | 415;

export interface Operation {
  readonly method: 'get' | 'post' | 'patch' | 'delete';
  /** With its parameters in braces. */
  readonly path: string;
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  readonly tag: 'health' | 'balancer' | 'pools';
  /** Asked without a token, too. */
  readonly open?: true;
  /** Takes `If-Match`. */
  readonly conditional?: true;
  readonly query?: Readonly<Record<string, { readonly description: string; readonly schema: z.ZodType }>>;
  readonly body?: z.ZodType | 'config';
  readonly answers: Readonly<Record<number, Answer>>;
  readonly problems?: readonly Problem[];
}

const JSON_TYPE = 'application/json';
const ETAG = { ETag: "The pool's version in quotes, for `If-Match`." };

function json(description: string, schema: Content, headers?: Answer['headers']): Answer {
  return { description, content: { [JSON_TYPE]: schema }, ...(headers === undefined ? {} : { headers }) };
}

function text(description: string): Answer {
  return { description, content: { 'text/plain': 'text' } };
}

const logLevel = logLevelBody.meta({ id: 'LogLevel' });

export const OPERATIONS: readonly Operation[] = [
  {
    method: 'get',
    path: '/healthz',
    id: 'isAlive',
    summary: 'Whether the primary runs',
    tag: 'health',
    open: true,
    answers: { 200: text('It does.') },
  },
  {
    method: 'get',
    path: '/readyz',
    id: 'isReady',
    summary: 'Whether traffic should be sent here',
    tag: 'health',
    open: true,
    answers: {
      200: text('A worker listens, and each pool has a backend that is usable.'),
      503: text('Why not, a line for each reason.'),
    },
  },
  {
    method: 'get',
    path: '/metrics',
    id: 'getMetrics',
    summary: 'The metrics of docs/metrics.md',
    tag: 'health',
    answers: {
      200: {
        description: 'In the format that `Accept` would rather have.',
        content: { 'text/plain': 'text', 'application/openmetrics-text': 'text' },
      },
    },
  },
  {
    method: 'get',
    path: '/openapi.json',
    id: 'getDescription',
    summary: 'This description',
    tag: 'balancer',
    answers: { 200: json('An OpenAPI 3.1 document.', z.looseObject({ openapi: z.literal('3.1.0') })) },
  },
  {
    method: 'get',
    path: '/api',
    id: 'getBalancer',
    summary: 'All there is to see: pools, backends, workers',
    tag: 'balancer',
    answers: { 200: json('As it is now.', balancerAnswer) },
  },
  {
    method: 'get',
    path: '/api/workers',
    id: 'getWorkers',
    summary: 'The worker processes',
    tag: 'balancer',
    answers: { 200: json('In the order of their places.', z.array(workerAnswer)) },
  },
  {
    method: 'get',
    path: '/api/events',
    id: 'getEvents',
    summary: 'What has happened lately',
    tag: 'balancer',
    answers: { 200: json('At least the last thousand, oldest first.', z.array(eventAnswer)) },
  },
  {
    method: 'get',
    path: '/api/stream',
    id: 'getStream',
    summary: 'All there is to see and what happens, as server-sent events, for as long as somebody reads',
    description:
      '`events` are those that `/api/events` shows, told as they happen; the first message has all of them, or those ' +
      'after `Last-Event-ID`. `view` is what `/api` shows, once a second, less often where that would cost too much. ' +
      'Whoever leaves a megabyte unread is cut off and may come back.',
    tag: 'balancer',
    answers: {
      200: { description: 'Without an end.', content: { 'text/event-stream': 'text' } },
      503: json('Sixteen watch already.', errorAnswer, { 'Retry-After': 'When there may be room, in seconds.' }),
    },
  },
  {
    method: 'get',
    path: '/api/config',
    id: 'getConfig',
    summary: 'The configuration that runs',
    description:
      'With every default, with what the last reload changed, and with what was changed here. Values of header fields ' +
      'that look like secrets are `(hidden)`. `roundhouse check` takes the YAML.',
    tag: 'balancer',
    query: {
      format: { description: 'Beats what `Accept` says.', schema: z.enum(['json', 'yaml']) },
    },
    answers: {
      200: {
        description: 'As a configuration file says it.',
        content: { [JSON_TYPE]: 'config', 'application/yaml': 'text' },
      },
    },
    problems: [400],
  },
  {
    method: 'post',
    path: '/api/reload',
    id: 'reload',
    summary: 'Reads the configuration file again and goes on by it',
    description:
      'All of it or nothing. What it does not change is not touched: connections, health, what is in flight.',
    tag: 'balancer',
    answers: { 200: json('What has changed, once every worker listens where it is to listen.', reloadAnswer) },
    problems: [400, 409],
  },
  {
    method: 'post',
    path: '/api/diff',
    id: 'diff',
    summary: 'What a reload of another configuration would change',
    description: 'What the command line and variables say is laid over it, as it would be over a file.',
    tag: 'balancer',
    body: 'config',
    answers: { 200: json('Nothing has changed.', diffAnswer) },
    problems: [400, 413, 415],
  },
  {
    method: 'get',
    path: '/api/routes',
    id: 'getRoutes',
    summary: 'The routes, in the order in which they are tried',
    tag: 'balancer',
    answers: { 200: json('The first that matches a request is taken.', z.array(routeAnswer)) },
  },
  {
    method: 'get',
    path: '/api/roll',
    id: 'getRoll',
    summary: 'How far the replacement of the workers is',
    tag: 'balancer',
    answers: { 200: json('The one under way, or the last one.', rollAnswer) },
  },
  {
    method: 'post',
    path: '/api/roll',
    id: 'roll',
    summary: 'Replaces the workers one by one, replacement first',
    description: 'Does not wait for it. Asked again while it runs, it is the same one.',
    tag: 'balancer',
    answers: { 202: json('It has begun.', rollAnswer, { Location: 'Where its progress is shown.' }) },
  },
  {
    method: 'get',
    path: '/api/log-level',
    id: 'getLogLevel',
    summary: 'How much is logged',
    tag: 'balancer',
    answers: { 200: json('The least important kind of line that is.', logLevel) },
  },
  {
    method: 'patch',
    path: '/api/log-level',
    id: 'setLogLevel',
    summary: 'Logs more or less, until it ends or is told otherwise',
    tag: 'balancer',
    body: logLevel,
    answers: { 200: json('As it is now.', logLevel) },
    problems: [400, 413, 415],
  },
  {
    method: 'get',
    path: '/api/pools',
    id: 'getPools',
    summary: 'The pools and their backends',
    tag: 'pools',
    answers: { 200: json('As they are now.', z.array(poolAnswer)) },
  },
  {
    method: 'get',
    path: '/api/pools/{pool}',
    id: 'getPool',
    summary: 'A pool and its backends',
    tag: 'pools',
    answers: { 200: json('As it is now.', poolAnswer, ETAG) },
    problems: [404],
  },
  {
    method: 'post',
    path: '/api/pools/{pool}/backends',
    id: 'addBackend',
    summary: 'Adds a backend',
    tag: 'pools',
    conditional: true,
    body: backendConfig.meta({ id: 'NewBackend' }),
    answers: {
      200: json('It was there already, with the settings given.', changedAnswer, ETAG),
      201: json('It is added, and probed at once.', changedAnswer, { ...ETAG, Location: 'Where it is shown.' }),
    },
    problems: [400, 404, 409, 412, 413, 415],
  },
  {
    method: 'get',
    path: '/api/pools/{pool}/backends/{id}',
    id: 'getBackend',
    summary: 'A backend: its states, its last probe, what it has in flight',
    tag: 'pools',
    answers: { 200: json('As it is now.', backendAnswer, ETAG) },
    problems: [404],
  },
  {
    method: 'patch',
    path: '/api/pools/{pool}/backends/{id}',
    id: 'changeBackend',
    summary: 'Changes a backend: weight, tier, most connections, admin state',
    description:
      '`admin: draining` gives it no new requests; `within` limits how long what it has in flight may take. A backend ' +
      'that is as asked stays so, and keeps its version.',
    tag: 'pools',
    conditional: true,
    body: backendPatch.meta({ id: 'BackendChange' }),
    answers: { 200: json('As it is now.', changedAnswer, ETAG) },
    problems: [400, 404, 412, 413, 415],
  },
  {
    method: 'delete',
    path: '/api/pools/{pool}/backends/{id}',
    id: 'removeBackend',
    summary: 'Removes a backend; what it has in flight finishes',
    tag: 'pools',
    conditional: true,
    answers: { 200: json('As it was.', changedAnswer, ETAG) },
    problems: [400, 404, 412],
  },
];
