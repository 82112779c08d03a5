/** config/route-parts.ts: the part of routes.ts about what a route does with its requests, and its limits. */
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
        'The target: a URL or a path, in which `{host}`, `{path}` and `{query}` (with its `?`) are replaced by ' +
          'those of ' +
          'the request and `{rest}` by the path behind the part that `path` matched.',
      ),
    status: z
      .literal([301, 302, 303, 307, 308])
      .default(308)
      .describe('Status of the redirect. Browsers cache 301 and 308; 307 and 308 keep the method.'),
  })
  .describe('Answers with a redirect.');

export const split = z
  .record(z.string(), z.int().min(0).max(MAX_WEIGHT))
  .refine((weights) => Object.values(weights).some((weight) => weight > 0), { error: 'needs a weight above 0' })
  .describe('Several pools by name, each with a weight: its share of the requests relative to the others.');

export const splitBy = z
  .string()
  .regex(/^(random|ip|(header|cookie):[!#$%&'*+.^_`|~0-9A-Za-z-]+)$/, {
    error: 'is not a key to split by; write random, ip, header:NAME or cookie:NAME',
  })
  .default('random')
  .describe(
    'How the pool is chosen: at random for each request, or by a key so that a client stays with its pool: `ip`, ' +
      '`header:NAME` or `cookie:NAME`; without that field or cookie by `ip`.',
  );

export const routeTimeouts = z
  .strictObject({
    bodyGap: duration.optional().describe('Between two reads of a request body.'),
    responseHead: duration.optional().describe('From the end of the request to the head of the response.'),
    betweenBytes: duration.optional().describe('Between two reads of a response body.'),
    tunnelIdle: duration
      .optional()
      .describe('An upgraded connection (WebSocket) is closed after this time without data.'),
  })
  .describe('Timeouts that replace those of `timeouts` and of the pool.');

export const routeLimits = z
  .strictObject({ bodyBytes: z.int().min(0).describe('Most bytes of a request body; 0: no limit.') })
  .describe('Limits that replace those of `limits`.');

export const rateLimit = z
  .strictObject({
    requests: z
      .int()
      .min(1)
      .max(1_000_000)
      .describe('Requests of one key that are let through per period, on average.'),
    per: positiveDuration.prefault('1s').describe('Length of the period.'),
    burst: z
      .int()
      .min(1)
      .max(1_000_000)
      .optional()
      .describe('Requests of one key that are let through at once after a pause; `requests` by default.'),
    key: z
      .string()
      .regex(/^(ip|header:[!#$%&'*+.^_`|~0-9A-Za-z-]+)$/, {
        error: 'is not a key to count by; write ip or header:NAME',
      })
      .default('ip')
      .describe(
        'What requests are counted by: `ip`, the client address (of IPv6 its /64), or `header:NAME`, the value of ' +
          'a field; ' +
          'by `ip` if the field is missing.',
      ),
  })
  .transform(({ burst, ...limit }) => ({ ...limit, burst: burst ?? limit.requests }))
  .describe('Limits the requests of one client on the whole host; further ones are answered with 429.');
