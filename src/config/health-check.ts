/**
 * config/health-check.ts: the part of the configuration that says how backends are probed, a part of schema.ts. What
 * follows from other keys (`type`, `path`, `downInterval`) is filled in, so that what runs is what is printed.
 */
import * as z from 'zod';
import { fieldName, fieldValue } from './fields.js';
import { positiveDuration, shown } from './values.js';

const METHODS = ['GET', 'HEAD', 'OPTIONS', 'POST'] as const;
const DEFAULT_METHOD = 'GET';
const DEFAULT_STATUS = '200-399';
const LOWEST_STATUS = 200;
const HIGHEST_STATUS = 599;

const notAStatus = {
  error: ({ input }: { readonly input?: unknown }) =>
    `${shown(input)} is not a status; write 204 or 200-399, from ${LOWEST_STATUS} to ${HIGHEST_STATUS}`,
};

/** A status or a range of them: `204`, `200-399`. Held as text. */
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

/** Framing, routing and the life of the connection are the probe's own; `Host` has a key of its own. */
const OWN_FIELDS: ReadonlySet<string> = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'expect',
  'upgrade',
]);

const ownFieldName = fieldName.refine((name) => !OWN_FIELDS.has(name.toLowerCase()), {
  error: ({ input }) =>
    String(input).toLowerCase() === 'host' ? '"Host" has a key of its own, host' : "is the probe's own to send",
});

const MAX_FIELDS = 32;

const keys = z.strictObject({
  type: z
    .enum(['tcp', 'http'])
    .optional()
    .describe('`tcp`: a connection that opens means up. `http`: a request decides; the default where `path` is given.'),
  path: z
    .string()
    .regex(/^\/[\x21-\x7e]*$/, { error: 'must start with / and hold no spaces' })
    .optional()
    .describe('What an HTTP probe asks for; `/` unless given.'),
  method: z.enum(METHODS).default(DEFAULT_METHOD).describe('How it asks.'),
  host: z
    .string()
    .regex(/^[\x21-\x2e\x30-\x3f\x41-\x5b\x5d-\x7e]{1,260}$/, {
      error: 'must be a host, as in api.example.com or name:8080',
    })
    .optional()
    .describe("What it says in `Host`; the backend's own address unless given."),
  headers: z
    .record(ownFieldName, fieldValue)
    .refine((fields) => Object.keys(fields).length <= MAX_FIELDS, { error: `has more than ${MAX_FIELDS} fields` })
    .default({})
    .describe('More header fields that it sends, by name.'),
  status: z
    .array(statusRange)
    .min(1, { error: 'needs at least one status' })
    .default([DEFAULT_STATUS])
    .describe('The statuses that mean up, each one or a range.'),
  body: z
    .string()
    .min(1, { error: 'must not be empty' })
    .max(4_096)
    .optional()
    .describe('A text that the first 64 KiB of the response body must hold.'),
  port: z
    .int()
    .min(1)
    .max(65_535)
    .optional()
    .describe("Where probes go, at the backend's host; the port that takes requests unless given."),
  interval: positiveDuration
    .prefault('5s')
    .describe('Time between the beginnings of two probes of one backend; never two at a time.'),
  changingInterval: positiveDuration.prefault('1s').describe('Used instead of `interval` while a verdict is forming.'),
  downInterval: positiveDuration
    .optional()
    .describe('Used instead of `interval` for a backend that is down; the same unless given.'),
  jitter: z
    .number()
    .min(0)
    .max(0.5)
    .default(0.1)
    .describe('Share of the interval by which each probe moves at random, so that probes never march in step.'),
  timeout: positiveDuration.prefault('2s').describe('A probe that takes longer has failed.'),
  rise: z.int().min(1).max(100).default(2).describe('Consecutive successes that turn `down` into `up`.'),
  fall: z.int().min(1).max(100).default(3).describe('Consecutive failures that turn `up` into `down`.'),
  initial: z
    .enum(['unknown', 'up', 'down'])
    .default('unknown')
    .describe(
      'What a backend is before its first probe. `unknown`: used, and the first verdict decides. `up`: used until ' +
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
  .describe('Active health checks: what is asked, and what follows from the answers.');

/** What would be passed over if a TCP connect decided; what says no more than the default does no harm. */
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

function complete({ type, path, downInterval, ...given }: Keys) {
  const kind = type ?? (path === undefined ? 'tcp' : 'http');
  const asked = kind === 'http' ? (path ?? '/') : undefined;
  return { ...given, type: kind, path: asked, downInterval: downInterval ?? given.interval };
}
