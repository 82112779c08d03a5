/**
 * config/schema.ts: the configuration, its types and the only home of its defaults. Parsing an effective
 * configuration again gives the same one, so the same schema guards the border between primary and worker.
 */
import * as z from 'zod';
import { POLICIES } from '../balancing/policies.js';
import { backendSchema } from '../core/schemas.js';
import { dns, services } from './discovery.js';
import { healthCheck } from './health-check.js';
import { listeners } from './listeners.js';
import { outlier } from './outlier.js';
import { firstOverlap } from './overlap.js';
import { circuitBreaker, hedging, queue, retries } from './resilience.js';
import { poolProblems, routes } from './routes.js';
import { adminAddress, backendAddress, duration, ipRange, positiveDuration, shown } from './values.js';

export const DEFAULT_POOL = 'default';
export const ACCEPT_MODES = ['auto', 'shared', 'reuse-port', 'round-robin'] as const;
export const ACCESS_LOG_FORMATS = ['json', 'clf'] as const;
/** What an operator decides about a backend. */
export const ADMIN_STATES = backendSchema.unwrap().shape.admin.options;
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
/** More workers than any host has cores is a typo, and a thousand processes are hard to take back. */
export const MAX_WORKERS = 256;
/** Each costs every worker a policy, a queue and its counters, and whoever has more wants to generate them. */
export const MAX_POOLS = 256;
export const MAX_WEIGHT = 1_000;
export const MAX_TIER = 9;

// Given to each check: whichever fails, a person reads the same sentence.
const weightError = {
  error: ({ input }: { readonly input?: unknown }) =>
    `${shown(input)} is not a weight; write a whole number from 1 to ${MAX_WEIGHT}`,
};

/** A backend as a person names it, in a configuration and to a running balancer. */
export const backendConfig = z.strictObject({
  address: backendAddress.describe('Where the backend is reached: `host:port`, an IPv6 host in brackets. Also its id.'),
  weight: z
    .int(weightError)
    .min(1, weightError)
    .max(MAX_WEIGHT, weightError)
    .default(1)
    .describe('Share of the traffic, relative to the other weights.'),
  tier: z.int().min(0).max(MAX_TIER).default(0).describe('It is used only when no backend of a lower tier can serve.'),
  backup: z.boolean().optional().describe('`true` is another way to write `tier: 1`.'),
  maxConnections: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(0)
    .describe(
      'Requests that the whole host may have open on it at once, split evenly over the workers, at least 1 for each; ' +
        '0 sets no limit.',
    ),
  admin: z
    .enum(ADMIN_STATES)
    .optional()
    .describe(
      '`enabled`; `draining` or `maintenance` give it no requests. Left out, it is enabled, and a reload leaves what ' +
        'an operator has decided since.',
    ),
});

/** @returns the backend with its tier under one name */
export function withTier({ backup, ...backend }: z.output<typeof backendConfig>): ListedBackend {
  return backup === true ? { ...backend, tier: 1 } : backend;
}

const backends = z
  .array(backendConfig.transform(withTier))
  .default([])
  .superRefine((list, context) => {
    const seen = new Set<string>();
    for (const [index, { address }] of list.entries()) {
      const message = `backend "${address}" is listed twice`;
      if (seen.has(address)) context.addIssue({ code: 'custom', path: [index, 'address'], message });
      seen.add(address);
    }
  })
  .describe('The servers that answer, each with an address of its own.');

const upstreamTimeouts = z
  .strictObject({
    connect: positiveDuration.prefault('3s').describe('To open a connection to a backend.'),
    responseHead: duration.prefault('30s').describe('From the whole request sent to the head of the response.'),
    betweenBytes: duration.prefault('60s').describe('Between two reads of a response body.'),
    tunnelIdle: duration
      .prefault('1h')
      .describe('An upgraded connection (WebSocket) that carries nothing for so long ends.'),
    idle: positiveDuration
      .prefault('4s')
      .describe('An idle connection closes after this, unless the backend names a time by `Keep-Alive: timeout`.'),
    longestIdle: positiveDuration
      .prefault('60s')
      .describe("The longest idle time that a backend's `Keep-Alive: timeout` is granted."),
  })
  .prefault({})
  .describe('How long a backend may take.');

const hash = z
  .strictObject({
    key: z
      .string()
      .regex(/^(ip|path|(header|cookie):[!#$%&'*+.^_`|~0-9A-Za-z-]+)$/, {
        error: 'is no key; write ip, path, header:NAME or cookie:NAME',
      })
      .default('ip')
      .describe('What is hashed: `ip` (the client), `path`, `header:NAME` or `cookie:NAME`.'),
    balanceFactor: z
      .number()
      .min(0)
      .max(100)
      .refine((factor) => factor === 0 || factor > 1, { error: 'must be more than 1, or 0' })
      .default(1.25)
      .describe(
        "How many times its share of a worker's requests in flight a backend may have; what is over goes to the next " +
          'one. 0 sets no bound.',
      ),
  })
  .prefault({})
  .describe('How policy `maglev` chooses.');

const sticky = z
  .strictObject({
    cookie: z
      .string()
      .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/, { error: 'must be one word, like rh_session' })
      .describe('Name of the cookie; its value says nothing to whoever does not have the secret.'),
    ttl: duration.prefault('off').describe('How long a client keeps it; `off` is until the browser closes.'),
    path: z
      .string()
      .regex(/^\/[\x21-\x3a\x3c-\x7e]*$/, { error: 'must start with / and hold no spaces and no ;' })
      .default('/')
      .describe('The paths that a client sends it to.'),
    sameSite: z
      .enum(['lax', 'strict', 'none'])
      .default('lax')
      .describe('Whether it is sent from pages of other sites.'),
    secure: z.boolean().default(false).describe('It is sent over TLS only.'),
    secretFile: z
      .string()
      .min(1)
      .optional()
      .describe(
        'File that holds the secret which signs it, 16 characters or more; `ROUNDHOUSE_STICKY_SECRET` beats it. ' +
          'Without either, cookies end with the process.',
      ),
  })
  .superRefine(({ sameSite, secure }, context) => {
    if (sameSite !== 'none' || secure) return;
    const message = '"none" is refused by browsers unless `secure` is true';
    context.addIssue({ code: 'custom', path: ['sameSite'], message });
  })
  .describe('Ties a client to the backend that served it first, by a cookie; off unless given.');

const poolKeys = z.strictObject({
  policy: z.enum(POLICIES).default('two-choices').describe('How a backend is chosen for a request.'),
  backends,
  services,
  panic: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .describe(
      'When a smaller share of the enabled backends is usable, and no higher tier has one that is, all are tried; ' +
        '0 never does that.',
    ),
  slowStart: duration
    .prefault('off')
    .describe('A backend that joins or returns begins with a tenth of its weight and has all of it after this.'),
  hash,
  sticky: sticky.optional(),
  healthCheck,
  outlier,
  queue,
  retries,
  hedging,
  circuitBreaker,
  timeouts: upstreamTimeouts,
  idleConnections: z
    .int()
    .min(0)
    .max(10_000)
    .default(1_024)
    .describe(
      'Idle connections kept to each backend by each worker; where this host has no file to spare, they make room.',
    ),
  pipelining: z
    .int()
    .min(1)
    .max(64)
    .default(1)
    .describe(
      'Requests sent on one connection to a backend before the first is answered; GET and HEAD without a body only. ' +
        'More than 1 costs less CPU, and trusts the backends to answer each request exactly once.',
    ),
});

const pool = poolKeys.superRefine(({ backends, services, pipelining, circuitBreaker: { connections } }, context) => {
  if (backends.length + services.length === 0) {
    context.addIssue({ code: 'custom', path: [], message: 'needs at least one backend, or services that name some' });
  }
  if (pipelining === 1 || connections === 0) return;
  // The requests of one turn are given their connections together, after each has been let through.
  const message = `"${connections}" cannot be kept while requests share connections; leave it at 0, or pipelining at 1`;
  context.addIssue({ code: 'custom', path: ['circuitBreaker', 'connections'], message });
});

// Pools are named in logs, metrics and commands, so a name is one plain word.
const poolName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, {
  error: 'must be one word of letters, digits, dots, - and _, 64 at most',
});

const pools = z
  .record(poolName, pool)
  .superRefine((named, context) => {
    const names = Object.keys(named);
    if (names.length >= 1 && names.length <= MAX_POOLS) return;
    const clause =
      names.length === 0 ? 'names no pool; a balancer has at least one' : `names more than ${MAX_POOLS} pools`;
    context.addIssue({ code: 'custom', path: names.slice(MAX_POOLS, MAX_POOLS + 1), message: clause });
  })
  .meta({
    description: `Backends that serve the same requests, under a name of your choice; up to ${MAX_POOLS} pools.`,
    minProperties: 1,
    maxProperties: MAX_POOLS,
  });

const clientTimeouts = z
  .strictObject({
    head: duration.prefault('10s').describe('To send the head of a request, from its first byte.'),
    bodyGap: duration.prefault('30s').describe('Between two reads of a request body.'),
    keepAlive: duration.prefault('65s').describe('An idle connection closes after this.'),
    write: duration.prefault('60s').describe('A client that takes no byte of its response for so long is cut off.'),
  })
  .prefault({})
  .describe('How long a client may take.');

const limits = z
  .strictObject({
    headBytes: z.int().min(1_024).max(65_536).default(16_384).describe('Bytes of a request or response head.'),
    fields: z.int().min(8).max(1_024).default(128).describe('Fields of a head.'),
    bodyBytes: z
      .int()
      .min(0)
      .default(0)
      .describe('Bytes of a request body, chunk framing included; 0 sets no limit. A larger one is answered with 413.'),
    pipelined: z
      .int()
      .min(0)
      .max(10_000)
      .default(0)
      .describe(
        'Requests that may wait in one connection behind another; the one past them is the last of that connection. ' +
          '0 sets no limit but that of the read buffer.',
      ),
    connections: z
      .union([z.literal('auto'), z.int().min(1)])
      .default('auto')
      .describe(
        'Client connections of one worker; `auto` leaves each a file for its backend. More are answered with 503.',
      ),
    connectionsPerAddress: z
      .int()
      .min(0)
      .default(0)
      .describe('Connections of one client address to one worker; 0 sets no limit. More are answered with 429.'),
  })
  .prefault({})
  .describe('How much a client or backend may send.');

const forwarding = z
  .strictObject({
    trustedProxies: z
      .array(ipRange)
      .default([])
      .describe(
        'Proxies in front, each an IP address or a range: what they say about the client before them is believed.',
      ),
    forwarded: z.boolean().default(false).describe('Also send `Forwarded` (RFC 7239).'),
    via: z
      .string()
      .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, { error: 'must be one word, like a host name' })
      .default('off')
      .describe('Name of this hop in `Via` (RFC 9110 section 7.6.3), or `off`.'),
    requestId: z.boolean().default(false).describe('Make an `X-Request-Id` for requests that come without one.'),
  })
  .prefault({})
  .describe('What a request gets on its way to a backend, beside `X-Forwarded-For`, `-Proto` and `-Host`.');

const tracing = z
  .strictObject({
    sample: z
      .number()
      .min(0)
      .max(1)
      .default(1)
      .describe('The share of the traces begun here that backends are told to record.'),
  })
  .optional()
  .describe(
    'Begin a trace (`traceparent`, W3C Trace Context) for requests that come without a valid one, and log its id. Off ' +
      'unless given; a `traceparent` that a client sends goes on in any case.',
  );

// Given to the members as well: a number out of range is reported by the member, not by the union.
const workerCountError = {
  error: ({ input }: { readonly input?: unknown }) =>
    `${shown(input)} is not a worker count; write auto or a number from 0 to ${MAX_WORKERS}`,
};
const workers = z
  .union(
    [z.literal('auto'), z.int(workerCountError).min(0, workerCountError).max(MAX_WORKERS, workerCountError)],
    workerCountError,
  )
  .default('auto')
  .describe('Worker processes; `auto` is one per usable CPU, 0 lets one process do everything.');

const overload = z
  .strictObject({
    delay: duration
      .refine((ms) => ms === 0 || ms >= 10, {
        error: 'must be off or at least 10ms: every collection of garbage takes some',
      })
      .prefault('1s')
      .describe(
        'How long what arrives may wait until the worker reads it. While it has to wait longer, the share of the new ' +
          'requests that is too much gets 503, and its connections are not read from for half a second.',
      ),
  })
  .prefault({})
  .describe('When a worker that is behind sheds load, so that the requests it takes are answered in time.');

const workerLimits = z
  .strictObject({
    memory: z
      .int()
      .min(0)
      .default(0)
      .refine((mib) => mib === 0 || mib >= 128, {
        error: 'must be 0 or at least 128: an idle worker needs half of that',
      })
      .describe('MiB of memory (resident set); 0 sets no limit.'),
    age: duration.prefault('off').describe('Time since it was started.'),
  })
  .prefault({})
  .describe('When a worker is replaced although it works, one at a time, its replacement first.');

const config = z.strictObject({
  listeners,
  workers,
  accept: z.enum(ACCEPT_MODES).default('auto').describe('How workers get their connections.'),
  admin: z
    .union([z.literal('off'), adminAddress])
    .prefault('127.0.0.1:9901')
    .describe('Where the running balancer can be looked at and changed (docs/admin.md), or `off`.'),
  adminTokenFile: z
    .string()
    .min(1)
    .optional()
    .describe(
      'File that holds the token which requests to the admin interface have to show; `ROUNDHOUSE_ADMIN_TOKEN` beats it.',
    ),
  stateFile: z
    .string()
    .min(1)
    .optional()
    .describe(
      'File that keeps the backends added, changed and removed while it runs over a restart (docs/admin.md); without ' +
        'it they end with the process.',
    ),
  accessLog: z
    .string()
    .regex(/^[^\0]+$/, { error: 'must name a file, or be - for standard output, or off' })
    .default('off')
    .describe('The file that gets a line for each request (docs/access-log.md), `-` for standard output, or `off`.'),
  accessLogFormat: z
    .enum(ACCESS_LOG_FORMATS)
    .default('json')
    .describe('`json`: an object a line; `clf`: the combined format of nginx and Apache, and times.'),
  logLevel: z.enum(LOG_LEVELS).default('info').describe('The least important kind of line that is logged.'),
  drain: positiveDuration.prefault('30s').describe('How long work in flight may take after a stop was asked for.'),
  heartbeat: duration
    .refine((ms) => ms === 0 || ms >= 2_000, {
      error: 'must be off or at least 2s: workers say something once a second',
    })
    .prefault('10s')
    .describe('A worker that says nothing for so long hangs; it is ended and replaced.'),
  workerLimits,
  overload,
  timeouts: clientTimeouts,
  limits,
  forwarding,
  tracing,
  dns,
  routes: routes.optional(),
  pools,
});

export const configSchema = config.superRefine(({ admin, listeners, routes, pools }, context) => {
  for (const [path, message] of poolProblems(routes, Object.keys(pools))) {
    context.addIssue({ code: 'custom', path, message });
  }
  const clash = listeners.find(({ address }) => firstOverlap([address, admin]) !== undefined);
  if (clash === undefined) return;
  const message = `"${admin}" overlaps listener "${clash.address}"; give one of them another port, or admin "off"`;
  context.addIssue({ code: 'custom', path: ['admin'], message });
});

/** What a person writes. */
export type ConfigInput = z.input<typeof configSchema>;
/** What the program runs on: every default filled in, every time in milliseconds. */
export type Config = z.output<typeof configSchema>;
type ListedBackend = Omit<z.output<typeof backendConfig>, 'backup'>;
/** What is set about a backend beside its address, in a file or while it runs. */
export type BackendSettings = Readonly<Omit<ListedBackend, 'address'>>;
export type PoolConfig = Config['pools'][string];
export type StickyConfig = NonNullable<PoolConfig['sticky']>;
export type HealthCheckConfig = PoolConfig['healthCheck'];
export type AcceptMode = Config['accept'];
export type LogLevel = Config['logLevel'];
