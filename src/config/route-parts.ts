/** config/route-parts.ts: what a route may do with its requests, and within which limits; a part of routes.ts. */
import * as z from 'zod';
import { redirectProblem } from '../routing/redirect.js';
import { duration, positiveDuration } from './values.js';

const MAX_WEIGHT = 1_000;

export const redirect = z
  .strictObject({
    to: z
      .string()
      .max(2_048)
      .superRefine((text, context) => {
        const problem = redirectProblem(text);
        if (problem !== undefined) context.addIssue({ code: 'custom', message: `"${text}" ${problem}` });
      })
      .describe(
        'Where to: a URL or a path, in which `{host}`, `{path}`, `{query}` (with its `?`) stand for those of the request ' +
          'and `{rest}` for the path behind what `path` matched.',
      ),
    status: z
      .literal([301, 302, 303, 307, 308])
      .default(308)
      .describe('301 and 308 are kept by browsers; 307 and 308 keep the method.'),
  })
  .describe('The client is sent elsewhere.');

export const split = z
  .record(z.string(), z.int().min(0).max(MAX_WEIGHT))
  .refine((weights) => Object.values(weights).some((weight) => weight > 0), { error: 'needs a weight above 0' })
  .describe('Several pools by name, each with its share of the requests relative to the others.');

export const splitBy = z
  .string()
  .regex(/^(random|ip|(header|cookie):[!#$%&'*+.^_`|~0-9A-Za-z-]+)$/, {
    error: 'is nothing to split by; write random, ip, header:NAME or cookie:NAME',
  })
  .default('random')
  .describe(
    'What decides about the pool: chance for each request, or the client so that it stays with its pool: `ip`, ' +
      '`header:NAME` or `cookie:NAME`; without that field or cookie by `ip`.',
  );

export const routeTimeouts = z
  .strictObject({
    bodyGap: duration.optional().describe('Between two reads of a request body.'),
    responseHead: duration.optional().describe('From the whole request sent to the head of the response.'),
    betweenBytes: duration.optional().describe('Between two reads of a response body.'),
    tunnelIdle: duration
      .optional()
      .describe('An upgraded connection (WebSocket) that carries nothing for so long ends.'),
  })
  .describe("Times in place of those of `timeouts` and of the pool's.");

export const routeLimits = z
  .strictObject({ bodyBytes: z.int().min(0).describe('Bytes of a request body; 0 sets no limit.') })
  .describe('Limits in place of those of `limits`.');

export const rateLimit = z
  .strictObject({
    requests: z.int().min(1).max(1_000_000).describe('So many requests of one key, in the long run.'),
    per: positiveDuration.prefault('1s').describe('In so much time.'),
    burst: z
      .int()
      .min(1)
      .max(1_000_000)
      .optional()
      .describe('So many at once after a rest; the same as `requests` unless given.'),
    key: z
      .string()
      .regex(/^(ip|header:[!#$%&'*+.^_`|~0-9A-Za-z-]+)$/, { error: 'is nothing to count by; write ip or header:NAME' })
      .default('ip')
      .describe(
        'What is counted: `ip`, the client (of IPv6 its /64), or `header:NAME`, the value of a field, and the client ' +
          'where it is missing.',
      ),
  })
  .transform(({ burst, ...limit }) => ({ ...limit, burst: burst ?? limit.requests }))
  .describe('How many requests of one client are let through by the whole host; more are answered with 429.');
