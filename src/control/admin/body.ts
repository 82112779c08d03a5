/** control/admin/body.ts: reads the JSON body of a request, up to a limit. */
import type { Context, MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import * as z from 'zod';
import { type InputSchema, inputProblem } from '../input-problem.js';
import { RequestError } from './request-error.js';

/** A request body as an endpoint declares it. */
export interface Body<T> {
  /** The schema that the OpenAPI document shows; `config` stands for that of a configuration file. */
  readonly schema: z.ZodType | 'config';
  /** A larger body is answered with 413 before it is held in memory. */
  readonly maxBytes: number;
  /** @throws {RequestError} when the body is not declared as JSON, is not valid JSON, or does not match the schema */
  read(context: Context): Promise<T>;
}

/** The limit of a body that changes one backend or one setting. */
const CHANGE_MAX_BYTES = 65_536;

/**
 * A small body, checked by `schema`.
 * @param described what the OpenAPI document shows instead of `schema`, where that would leave out the defaults
 */
export function jsonBody<T>(schema: InputSchema<T>, described: z.ZodType = schema): Body<T> {
  return {
    schema: described,
    maxBytes: CHANGE_MAX_BYTES,
    read: async (context) => checked(parseJson(await jsonText(context)), schema),
  };
}

const noKeys = z.strictObject({});

/**
 * The body of a request that says all by its path: `{}`, or nothing. It has to be declared as JSON all the same, which is
 * what a page of another site cannot do.
 */
export function emptyBody(): Body<unknown> {
  return {
    schema: noKeys,
    maxBytes: CHANGE_MAX_BYTES,
    read: async (context) => checked(parseJson((await jsonText(context)) || '{}'), noKeys),
  };
}

/** A configuration. It is read as JSON only; the handler checks it as it would check a file. */
export function configBody(maxBytes: number): Body<unknown> {
  return { schema: 'config', maxBytes, read: async (context) => parseJson(await jsonText(context)) };
}

/** Middleware that answers 413 to a body of more than `maxSize` bytes, and never holds more than that in memory. */
export function bodyUpTo(maxSize: number): MiddlewareHandler {
  return bodyLimit({
    maxSize,
    onError: (context) => {
      // The rest of the body is not read, so the connection cannot carry another request.
      const error = `The body may have ${maxSize} bytes at most`;
      return context.json({ error }, 413, { connection: 'close' });
    },
  });
}

/** @throws {RequestError} when the body is not declared as JSON */
async function jsonText(context: Context): Promise<string> {
  // A browser lets a page of another site send text unasked, but JSON only after a preflight request, which fails here.
  const type = context.req.header('content-type') ?? '';
  if (!/^application\/json\s*(;|$)/i.test(type)) throw new RequestError(415, 'Send Content-Type: application/json');
  return context.req.text();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new RequestError(400, 'The body is not valid JSON');
  }
}

/** @throws {RequestError} when `input` does not match the schema */
function checked<T>(input: unknown, schema: InputSchema<T>): T {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new RequestError(400, inputProblem(parsed.error, input, schema));
}
