/** control/admin/body.ts: reads the JSON of a request, and no more of it than the request can need. */
import type { Context, MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type * as z from 'zod';
import { type InputSchema, inputProblem } from '../input-problem.js';
import { RequestError } from './request-error.js';

/** The body that an endpoint takes. */
export interface Body<T> {
  /** What the OpenAPI document says of it; `config` for the schema of configuration files. */
  readonly schema: z.ZodType | 'config';
  /** More is refused before it is held in memory. */
  readonly maxBytes: number;
  /** @throws {RequestError} when the body is not declared to be JSON, is none, or is not what is taken */
  read(context: Context): Promise<T>;
}

/** Enough for a change of one thing. */
const CHANGE_MAX_BYTES = 65_536;

/**
 * A small body that `schema` checks.
 * @param described what the OpenAPI document shows in its place: defaults that are not to be filled in, for one
 */
export function jsonBody<T>(schema: InputSchema<T>, described: z.ZodType = schema): Body<T> {
  return {
    schema: described,
    maxBytes: CHANGE_MAX_BYTES,
    read: async (context) => {
      const input = await readJson(context);
      const parsed = schema.safeParse(input);
      if (parsed.success) return parsed.data;
      throw new RequestError(400, inputProblem(parsed.error, input, schema));
    },
  };
}

/** A configuration; the handler has it checked as that of a file is. */
export function configBody(maxBytes: number): Body<unknown> {
  return { schema: 'config', maxBytes, read: readJson };
}

/** Answers 413 to a larger body before more than that of it is held. */
export function bodyUpTo(maxSize: number): MiddlewareHandler {
  return bodyLimit({
    maxSize,
    onError: (context) => {
      // What is left of the body is not read, so nothing can follow it on this connection.
      const error = `The body may have ${maxSize} bytes at most`;
      return context.json({ error }, 413, { connection: 'close' });
    },
  });
}

async function readJson(context: Context): Promise<unknown> {
  // A page of another site can send any text without being asked, but JSON only after a preflight, which fails here.
  const type = context.req.header('content-type') ?? '';
  if (!/^application\/json\s*(;|$)/i.test(type)) throw new RequestError(415, 'Send Content-Type: application/json');
  return parseJson(await context.req.text());
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new RequestError(400, 'The body is not valid JSON');
  }
}
