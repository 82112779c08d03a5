/** control/admin/body.ts: reads the JSON of a change, and no more of it than a change can need. */
import type { Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { type InputSchema, inputProblem } from '../input-problem.js';
import { RequestError } from './request-error.js';

const MOST_BYTES = 65_536;

/** Refuses a larger body before more than that of it is held. */
export const boundedBody = bodyLimit({
  maxSize: MOST_BYTES,
  onError: (context) => {
    // What is left of the body is not read, so nothing can follow it on this connection.
    const error = `The body may have ${MOST_BYTES} bytes at most`;
    return context.json({ error }, 413, { connection: 'close' });
  },
});

/** @throws {RequestError} when the body is not declared to be JSON, is none, or is not what `schema` says */
export async function readBody<T>(context: Context, schema: InputSchema<T>): Promise<T> {
  // A page of another site can send any text without being asked, but JSON only after a preflight, which fails here.
  const type = context.req.header('content-type') ?? '';
  if (!/^application\/json\s*(;|$)/i.test(type)) throw new RequestError(415, 'Send Content-Type: application/json');
  const input = parseJson(await context.req.text());
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new RequestError(400, inputProblem(parsed.error, input, schema));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new RequestError(400, 'The body is not valid JSON');
  }
}
