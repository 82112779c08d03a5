/**
 * config/health-check.ts: the part of schema.ts about health checks. Defaults that depend on other keys (`type`,
 * `path`, `downInterval`) are filled in here, so that the printed configuration is the one that is used.
 */
import * as z from 'zod';
import { fieldNameSchema, fieldValueSchema } from './fields.js';
import { duration, positiveDuration, shown } from './values.js';

const METHODS = ['GET', 'HEAD', 'OPTIONS', 'POST'] as const;
const DEFAULT_METHOD = 'GET';
const DEFAULT_STATUS = '200-399';
const LOWEST_STATUS = 200;
const HIGHEST_STATUS = 599;

const notAStatus = {
  error: ({ input }: { readonly input?: unknown }) =>
    `${shown(input)} is not a status; write 204 or 200-399, from ${LOWEST_STATUS} to ${HIGHEST_STATUS}`,
};

/** A status or a range of statuses: `204`, `200-399`. Parsed to a text. */
const statusRange = z
  .union([z.int(notAStatus), z.string(notAStatus)], notAStatus)
  .transform((value, context) => {
    const text = String(value);
    const [, from = '', to = from] = /^(\d{3})(?:-(\d{3}))?$/.exec(text) ?? [];
    if (Number(from) >= LOWEST_STATUS && Number(to) <= HIGHEST_STATUS && Number(from) <= Number(to)) return text;
    context.issues.push({ code: 'custom', input: value, message: notAStatus.error({ input: value }) });
    return z.NEVER;
  })
  .meta({ id: 'statusRange' });

/** Fields that the probe sets itself; `Host` is set by the key `host`. */
const OWN_FIELDS: ReadonlySet<string> = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'expect',
  'upgrade',
]);

const ownFieldName = fieldNameSchema.refine((name) => !OWN_FIELDS.has(name.toLowerCase()), {
  error: ({ input }) =>
    String(input).toLowerCase() === 'host' ? '"Host" is set by the key host' : 'is a field that the probe sets itself',
});

const MAX_FIELDS = 32;

const keys = z.strictObject({
  type: z
    .enum(['tcp', 'http'])
    .optional()
    .describe(
      '`tcp`: a probe succeeds if a connection opens. `http`: it succeeds if a request gets the expected response; ' +
        'the ' +
        'default if `path` is given.',
    ),
  path: z
    .string()
    .regex(/^\/[\x21-\x7e]*$/, { error: 'must start with / and hold no spaces' })
    .optional()
    .describe('Path of the request of an HTTP probe; `/` by default.'),
  method: z.enum(METHODS).default(DEFAULT_METHOD).describe('Method of the request.'),
  host: z
    .string()
    .regex(/^[\x21-\x2e\x30-\x3f\x41-\x5b\x5d-\x7e]{1,260}$/, {
      error: 'must be a host, as in api.example.com or name:8080',
    })
    .optional()
    .describe('Value of its `Host` field; by default the address of the backend.'),
  headers: z
    .record(ownFieldName, fieldValueSchema)
    .refine((fields) => Object.keys(fields).length <= MAX_FIELDS, { error: `has more than ${MAX_FIELDS} fields` })
    .default({})
    .describe('Further header fields of the request, by name.'),
  status: z
    .array(statusRange)
    .min(1, { error: 'needs at least one status' })
    .default([DEFAULT_STATUS])
    .describe('The statuses with which a probe succeeds, each a status or a range.'),
  body: z
    .string()
    .min(1, { error: 'must not be empty' })
    .max(4_096)
    .optional()
    .describe('A text that the first 64 KiB of the response body must contain.'),
  port: z
    .int()
    .min(1)
    .max(65_535)
    .optional()
    .describe('Port that is probed on the host of the backend; by default the port that takes requests.'),
  interval: positiveDuration
    .prefault('5s')
    .describe('Time between the starts of two probes of one backend; there are never two at once.'),
  changingInterval: positiveDuration
    .prefault('1s')
    .describe('Used instead of `interval` while probes contradict the health but have not changed it yet.'),
  downInterval: positiveDuration
    .optional()
    .describe('Used instead of `interval` for a backend that is down; `interval` by default.'),
  jitter: z
    .number()
    .min(0)
    .max(0.5)
    .default(0.1)
    .describe('Share of the interval by which each probe is moved at random, so that probes are not synchronous.'),
  timeout: positiveDuration.prefault('2s').describe('A probe that takes longer fails.'),
  silence: duration
    .prefault('2s')
    .describe(
      'A backend that has answered nothing for this long while requests wait on it, far beyond what is usual, is asked ' +
        'over HTTP if it is alive (`OPTIONS *`); it is down if it does not answer that in `timeout`. `off`: never asked.',
    ),
  rise: z.int().min(1).max(100).default(2).describe('Consecutive successes that turn `down` into `up`.'),
  fall: z.int().min(1).max(100).default(3).describe('Consecutive failures that turn `up` into `down`.'),
  initial: z
    .enum(['unknown', 'up', 'down'])
    .default('unknown')
    .describe(
      'Health of a backend before its first probe. `unknown`: used, and the first probe decides. `up`: used until ' +
        '`fall` failures. `down`: not used until `rise` successes.',
    ),
});

type Keys = z.output<typeof keys>;

export const healthCheck = keys
  .superRefine((given, context) => {
    for (const [key, value] of given.type === 'tcp' ? httpKeysOf(given) : []) {
      const message = `"${key}" is for HTTP, and a probe of type "tcp" sends nothing`;
      if (value !== undefined) context.addIssue({ code: 'custom', path: [key], message });
    }
    if (given.method !== 'HEAD' || given.body === undefined) return;
    const message = `the response to "HEAD" has no body that could hold "${given.body}"`;
    context.addIssue({ code: 'custom', path: ['body'], message });
  })
  .transform(complete)
  .prefault({})
  .describe('Active health checks: what is probed, how often, and what results change the health.');

/** @returns the keys that have no effect on a TCP probe; a value that equals its default counts as not given */
function httpKeysOf({ path, host, body, method, status, headers }: Keys): [string, unknown][] {
  return Object.entries({
    path,
    host,
    body,
    method: method === DEFAULT_METHOD ? undefined : method,
    status: status.join() === DEFAULT_STATUS ? undefined : status,
    headers: Object.keys(headers).length === 0 ? undefined : headers,
  });
}

/** Fills in the defaults that depend on other keys. */
function complete({ type, path, downInterval, ...given }: Keys) {
  const kind = type ?? (path === undefined ? 'tcp' : 'http');
  const asked = kind === 'http' ? (path ?? '/') : undefined;
  return { ...given, type: kind, path: asked, downInterval: downInterval ?? given.interval };
}
