/** control/admin/body.ts: reads the JSON of a change, and no more of it than a change can need. */
import type { Context, MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { type InputSchema, inputProblem } from '../input-problem.js';
import { RequestError } from './request-error.js';

const MOST_BYTES = 65_536;

/** For the changes of one thing. */
export const boundedBody = bodyUpTo(MOST_BYTES);

/** Refuses a larger body before more than that of it is held. */
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

/** @throws {RequestError} when the body is not declared to be JSON, is none, or is not what `schema` says */
export async function readBody<T>(context: Context, schema: InputSchema<T>): Promise<T> {
  const input = await readJson(context);
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new RequestError(400, inputProblem(parsed.error, input, schema));
}

/** @throws {RequestError} when the body is not declared to be JSON, or is none */
export async function readJson(context: Context): Promise<unknown> {
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
