/**
 * control/admin/endpoint.ts: an endpoint of the admin interface as one definition: path, parameters, body, answers and
 * the handler. The routes, the checks of what is sent, the compiler's checks of what is answered and the OpenAPI
 * document are all made from it.
 */
import type { HttpBindings } from '@hono/node-server';
import type { Context, Hono } from 'hono';
import type * as z from 'zod';
import { inputProblem } from '../input-problem.js';
import { type Body, bodyUpTo } from './body.js';
import type { Feed } from './feed.js';
import { RequestError } from './request-error.js';
import type { AdminSource } from './source.js';

/** Hono's environment: the request and response objects of `node:http` beside those of the Fetch API. */
export interface OnNode {
  Bindings: HttpBindings;
}

/**
 * A schema. `config` stands for that of a configuration file, which config/json-schema.ts makes; `text` for plain text.
 */
export type Content = z.ZodType | 'config' | 'text';

/** An answer in JSON. The handler returns the value, and the compiler checks it against the schema. */
export interface JsonAnswer<T = unknown, H extends string = string> {
  readonly description: string;
  readonly schema: z.ZodType<T>;
  /** Descriptions of the answer's header fields, by name. */
  readonly headers: Readonly<Record<H, string>>;
}

/** An answer in another media type, or in one of several. The handler returns the whole response. */
export interface RawAnswer {
  readonly description: string;
  /** Schema by media type. */
  readonly content: Readonly<Record<string, Content>>;
}

export type Status = 200 | 201 | 202 | 503;
export type Answers = Readonly<Partial<Record<Status, JsonAnswer | RawAnswer>>>;

/** The statuses of refusals, each answered with one sentence in JSON. */
export type Problem = 400 | 401 | 403 | 404 | 409 | 412 | 413 | 415;

export type JsonReply<S, T, H extends string = never> = { readonly status: S; readonly value: T } & ([H] extends [never]
  ? unknown
  : { readonly headers: Readonly<Record<H, string>> });

/** What a handler may return: one of the answers that its endpoint declares. */
export type Reply<A extends Answers> = {
  [S in keyof A]: A[S] extends JsonAnswer<infer T, infer H> ? JsonReply<S & Status, T, H> : Response;
}[keyof A];

/** A {@link Reply} to any endpoint. */
type AnyReply = Response | JsonReply<Status, unknown> | JsonReply<Status, unknown, string>;

/** The names in braces of a path: `pool` of `/api/pools/{pool}`. */
type ParameterOf<P extends string> = P extends `${string}{${infer Name}}${infer Rest}`
  ? Name | ParameterOf<Rest>
  : never;

/** The parts of the balancer that handlers read and change. */
export interface AdminParts {
  readonly source: AdminSource;
  readonly feed: Feed;
}

/** A request as a handler gets it, checked against the definition. */
interface Asked<P extends string, Q, B> extends AdminParts {
  readonly context: Context<OnNode>;
  readonly params: Readonly<Record<ParameterOf<P>, string>>;
  readonly query: Q;
  readonly body: B;
}

interface Description<P extends string, Q, B, A extends Answers> {
  readonly method: 'get' | 'post' | 'patch' | 'delete';
  /** The path with its parameters in braces, as OpenAPI writes them. */
  readonly path: P;
  /** The `operationId` in the OpenAPI document, unique. */
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  readonly tag: 'health' | 'balancer' | 'pools';
  /** Needs no token. */
  readonly open?: true;
  /** Accepts `If-Match`, which the handler evaluates. */
  readonly conditional?: true;
  readonly query?: z.ZodObject & z.ZodType<Q>;
  readonly body?: Body<B>;
  readonly answers: A;
  /** Refusals besides those that {@link problemsOf} derives from the rest of the definition. */
  readonly problems?: readonly Problem[];
}

interface Definition<P extends string, Q, B, A extends Answers, R = Reply<A>> extends Description<P, Q, B, A> {
  readonly handle: (asked: Asked<P, Q, B>) => R | Promise<R>;
}

export interface Endpoint extends Description<string, unknown, unknown, Answers> {
  readonly handle: (context: Context<OnNode>, parts: AdminParts) => Promise<Response>;
}

/** Makes an endpoint of its definition: it checks the request, calls the handler, and writes the handler's reply. */
export function endpoint<P extends string, A extends Answers, Q = undefined, B = undefined>(
  definition: Definition<P, Q, B, A>,
): Endpoint;
export function endpoint(definition: Definition<string, unknown, unknown, Answers, AnyReply>): Endpoint {
  return {
    ...definition,
    handle: async (context, parts) => {
      const query = definition.query && queryOf(context, definition.query);
      const body = await definition.body?.read(context);
      const reply = await definition.handle({ ...parts, context, params: context.req.param(), query, body });
      return 'value' in reply ? context.json(reply.value, reply) : reply;
    },
  };
}

/** A handler's reply in JSON. */
export function reply<S extends Status, T>(status: S, value: T): JsonReply<S, T>;
export function reply<S extends Status, T, H extends string>(
  status: S,
  value: T,
  headers: Readonly<Record<H, string>>,
): JsonReply<S, T, H>;
export function reply(status: Status, value: unknown, headers?: Readonly<Record<string, string>>): unknown {
  return headers === undefined ? { status, value } : { status, value, headers };
}

export function json<T>(description: string, schema: z.ZodType<T>): JsonAnswer<T, never>;
export function json<T, H extends string>(
  description: string,
  schema: z.ZodType<T>,
  headers: Readonly<Record<H, string>>,
): JsonAnswer<T, H>;
export function json(
  description: string,
  schema: z.ZodType,
  headers: Readonly<Record<string, string>> = {},
): JsonAnswer {
  return { description, schema, headers };
}

export function raw(description: string, content: RawAnswer['content']): RawAnswer {
  return { description, content };
}

/** The statuses of an endpoint's refusals, ascending: those that follow from its definition, and those it declares. */
export function problemsOf({ path, open, conditional, query, body, problems = [] }: Endpoint): readonly Problem[] {
  const all: readonly Problem[] = [
    ...(open === true ? [] : ([401, 403] as const)),
    ...(path.includes('{') ? ([404] as const) : []),
    ...(conditional === true ? ([400, 412] as const) : []),
    ...(query === undefined ? [] : ([400] as const)),
    ...(body === undefined ? [] : ([400, 413, 415] as const)),
    ...problems,
  ];
  return [...new Set(all)].toSorted((a, b) => a - b);
}

/** Adds a route for each endpoint. */
export function mount(app: Hono<OnNode>, endpoints: readonly Endpoint[], parts: AdminParts): void {
  for (const { method, path, body, handle } of endpoints) {
    const limits = body === undefined ? [] : [bodyUpTo(body.maxBytes)];
    app.on(method.toUpperCase(), [route(path)], ...limits, (context) => handle(context, parts));
  }
}

/** A path as Hono writes it, `/api/pools/:pool`. */
function route(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}

function queryOf(context: Context, schema: z.ZodObject): unknown {
  const input = context.req.query();
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new RequestError(400, inputProblem(parsed.error, input, schema));
}
