/**
 * config/schema.ts: the schema of the configuration, its types and the only home of its defaults. Parsing an effective
 * configuration again gives the same one, so the schema also validates the configuration that the primary sends to
 * workers.
 */
import * as z from 'zod';
import { POLICIES } from '../balancing/policies.js';
import { nameIn } from '../core/address.js';
import { backendSchema } from '../core/schemas.js';
import { PROXY_VERSIONS } from '../inbound/proxy-header.js';
import { accessLogFields, accessLogFilter, accessLogProblems } from './access-log.js';
import { adminLimits } from './admin.js';
import { dns, services } from './discovery.js';
import { HOST_FIELD } from './fields.js';
import { healthCheck } from './health-check.js';
import { http } from './http.js';
import { http2 } from './http2.js';
import { listeners } from './listeners.js';
import { outlier } from './outlier.js';
import { firstOverlap } from './overlap.js';
import { ownBackends } from './own-backends.js';
import { errorPages } from './pages.js';
import { poolTls, poolTlsProblems } from './pool-tls.js';
import { circuitBreaker, hedging, queue, retries } from './resilience.js';
import { poolProblems, routes } from './routes.js';
import { servesHttp, tcpPoolNames, tcpPoolProblems } from './tcp-pools.js';
import { adminAddress, backendAddress, clientRange, duration, positiveDuration, shown } from './values.js';

export const DEFAULT_POOL = 'default';
export const ACCEPT_MODES = ['auto', 'shared', 'reuse-port', 'round-robin'] as const;
export const ACCESS_LOG_FORMATS = ['json', 'clf'] as const;
/** The admin states of a backend, which an operator sets. */
export const ADMIN_STATES = backendSchema.unwrap().shape.admin.options;
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
/** Most workers, more than hosts have cores: a larger number is a typo, and a thousand processes are hard to stop. */
export const MAX_WORKERS = 256;
/** Most pools; each costs every worker a policy, a queue and counters. */
export const MAX_POOLS = 256;
export const MAX_WEIGHT = 1_000;
export const MAX_TIER = 9;

// Given to each check, so that the message is the same whichever fails.
const weightError = {
  error: ({ input }: { readonly input?: unknown }) =>
    `${shown(input)} is not a weight; write a whole number from 1 to ${MAX_WEIGHT}`,
};

/** How a name becomes backends: `one`: a backend at one of its addresses; `all`: a backend at each. */
export const RESOLVE_MODES = ['one', 'all'] as const;
export type ResolveMode = (typeof RESOLVE_MODES)[number];

/** A backend as users write it, in a configuration and to a running balancer. */
export const backendConfig = z.strictObject({
  address: backendAddress.describe('Address of the backend: `host:port`, an IPv6 host in brackets. Also its id.'),
  weight: z
    .int(weightError)
    .min(1, weightError)
    .max(MAX_WEIGHT, weightError)
    .default(1)
    .describe('Share of the traffic, relative to the other weights.'),
  tier: z
    .int()
    .min(0)
    .max(MAX_TIER)
    .default(0)
    .describe('The backend is used only if no backend of a lower tier can serve.'),
  backup: z.boolean().optional().describe('`true` is another way to write `tier: 1`.'),
  maxConnections: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(0)
    .describe(
      'Requests that the whole host may have open on the backend at once, whatever the number of workers; 0: no limit.',
    ),
  resolve: z
    .enum(RESOLVE_MODES)
    .optional()
    .describe(
      'What a name stands for: `one`, the default, for one backend, at one of its addresses; `all`: every address is ' +
        'a backend of its own, and they come and go with the answers (docs/health.md).',
    ),
  admin: z
    .enum(ADMIN_STATES)
    .optional()
    .describe(
      '`enabled`, or `draining` or `maintenance`, which give it no new requests. By default it is enabled, and a ' +
        'reload ' +
        'keeps what an operator has set since.',
    ),
});

/** @returns the backend with `backup` replaced by its tier */
export function withTier({ backup, ...backend }: z.output<typeof backendConfig>): BackendConfig {
  return backup === true ? { ...backend, tier: 1 } : backend;
}

/** The backends of a pool that does not say which: an empty list is one that is filled at run time. */
const UNSAID: BackendConfig[] = [];

const backends = z
  .array(backendConfig.transform(withTier))
  .default(() => UNSAID)
  .superRefine((list, context) => {
    const seen = new Set<string>();
    for (const [index, { address, resolve }] of list.entries()) {
      const message = `backend "${address}" is listed twice`;
      if (seen.has(address)) context.addIssue({ code: 'custom', path: [index, 'address'], message });
      seen.add(address);
      if (resolve === 'all' && nameIn(address) === undefined) {
        const clause = `"all" is for names, and "${address}" is an address; leave it out`;
        context.addIssue({ code: 'custom', path: [index, 'resolve'], message: clause });
      }
    }
  })
  .describe('The backends of the pool, each with an address of its own; `[]` for a pool that is filled at run time.');

/** The kernel counts in whole seconds, up to 32,767. */
const probeTime = duration
  .refine((ms) => ms === 0 || (ms >= 1_000 && ms <= 32_767_000), { error: 'must be off or from 1s to 9h' })
  .prefault('60s');

const upstreamTimeouts = z
  .strictObject({
    connect: positiveDuration.prefault('3s').describe('Time to open a connection to a backend.'),
    responseHead: duration.prefault('30s').describe('From the end of the request to the head of the response.'),
    betweenBytes: duration.prefault('60s').describe('Between two reads of a response body.'),
    tunnelIdle: duration
      .prefault('1h')
      .describe('A TCP connection, or an upgraded one (WebSocket), is closed after this time without data.'),
    idle: positiveDuration
      .prefault('4s')
      .describe('An idle connection is closed after this, unless the backend sends a `Keep-Alive: timeout`.'),
    longestIdle: positiveDuration
      .prefault('60s')
      .describe('Upper bound of the idle time that a backend sets by `Keep-Alive: timeout`.'),
    tcpKeepAlive: probeTime.describe(
      'The kernel asks a backend that was silent for this long whether it is still there (`SO_KEEPALIVE`), in tunnels ' +
        'too; `off`: never.',
    ),
  })
  .prefault({})
  .describe('How long a backend may take.');

const hash = z
  .strictObject({
    key: z
      .string()
      .regex(/^(ip|path|(header|cookie):[!#$%&'*+.^_`|~0-9A-Za-z-]+)$/, {
        error: 'is not a hash key; write ip, path, header:NAME or cookie:NAME',
      })
      .default('ip')
      .describe('Key that is hashed: `ip` (the client address), `path`, `header:NAME` or `cookie:NAME`.'),
    balanceFactor: z
      .number()
      .min(0)
      .max(100)
      .refine((factor) => factor === 0 || factor > 1, { error: 'must be more than 1, or 0' })
      .default(1.25)
      .describe(
        'Most requests in flight of a backend, as a multiple of its share of those of a worker; further ones go to ' +
          'the ' +
          'next backend. 0: no limit.',
      ),
  })
  .prefault({})
  .describe('Settings of policy `maglev`.');

const sticky = z
  .strictObject({
    cookie: z
      .string()
      .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/, { error: 'must be one word, like rh_session' })
      .describe('Name of the cookie; its value reveals nothing without the secret.'),
    ttl: duration.prefault('off').describe('How long a client keeps the cookie; `off`: until the browser closes.'),
    path: z
      .string()
      .regex(/^\/[\x21-\x3a\x3c-\x7e]*$/, { error: 'must start with / and hold no spaces and no ;' })
      .default('/')
      .describe('Path of the cookie: the client sends it with requests below this path.'),
    sameSite: z
      .enum(['lax', 'strict', 'none'])
      .default('lax')
      .describe('Whether the cookie is sent with requests from pages of other sites.'),
    secure: z.boolean().default(false).describe('The cookie is sent over TLS only.'),
    secretFile: z
      .string()
      .min(1)
      .optional()
      .describe(
        'File with the secret that signs the cookie, 16 characters or more; `ROUNDHOUSE_STICKY_SECRET` beats it. ' +
          'Without either, cookies are valid until the process ends.',
      ),
  })
  .superRefine(({ sameSite, secure }, context) => {
    if (sameSite !== 'none' || secure) return;
    const message = '"none" is refused by browsers unless `secure` is true';
    context.addIssue({ code: 'custom', path: ['sameSite'], message });
  })
  .describe('Ties a client to the backend that served it first, by a cookie. Off by default.');

const backendHost = z
  .string()
  .regex(HOST_FIELD, { error: ({ input }) => `${shown(input)} is not a host; write pass, backend or a name` })
  .default('pass')
  .describe(
    'Host that backends get: `pass`: what the client asked for; `backend`: the address of the backend; or a host of ' +
      'your choice. `X-Forwarded-Host` is what the client asked for.',
  );

const poolKeys = z.strictObject({
  policy: z.enum(POLICIES).default('two-choices').describe('How a backend is chosen for a request.'),
  backends,
  services,
  host: backendHost,
  tls: poolTls,
  panic: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .describe(
      'Panic mode: if a smaller share of the enabled backends of a tier is usable, and no higher tier has a usable ' +
        'one, ' +
        'all are used. 0: never.',
    ),
  slowStart: duration
    .prefault('off')
    .describe(
      'A backend that joins or returns begins with a tenth of its weight, which grows to all of it in this time.',
    ),
  hash,
  sticky: sticky.optional(),
  errorPages: errorPages.optional(),
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
      'Most idle connections that each worker keeps to each backend; they are closed when file descriptors run out.',
    ),
  pipelining: z
    .int()
    .min(1)
    .max(64)
    .default(1)
    .describe(
      'Most requests sent on one connection to a backend before the first is answered; GET and HEAD without a body ' +
        'only. ' +
        'More than 1 costs less CPU, and relies on backends to answer each request exactly once.',
    ),
  proxyProtocol: z
    .enum(PROXY_VERSIONS)
    .optional()
    .describe(
      'Begin each connection to a backend with a PROXY header of this version, which names the client; requests of ' +
        'different clients then share no connection. Off by default.',
    ),
});

const pool = poolKeys.superRefine((keys, context) => {
  const { backends, services, pipelining, proxyProtocol, circuitBreaker } = keys;
  const { connections } = circuitBreaker;
  if (backends === UNSAID && services.length === 0) {
    const message = 'needs backends or services; "backends: []" is a pool that is filled at run time';
    context.addIssue({ code: 'custom', path: [], message });
  }
  if (pipelining > 1 && proxyProtocol !== undefined) {
    const message = `"${pipelining}" cannot be combined with proxyProtocol, since a connection is one client's there`;
    context.addIssue({ code: 'custom', path: ['pipelining'], message });
  }
  if (pipelining === 1 || connections === 0) return;
  // Requests of one turn get their connections together, after each has passed the circuit breaker: it could not count
  // them.
  const clause = 'cannot be enforced while requests share connections; set it to 0, or pipelining to 1';
  const message = `"${connections}" ${clause}`;
  context.addIssue({ code: 'custom', path: ['circuitBreaker', 'connections'], message });
});

// Names of pools are used in logs, metrics and commands, so a name is a single word.
const poolName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, {
  error: 'must be one word of letters, digits, dots, - and _, 64 at most',
});

const pools = z
  .record(poolName, pool)
  .superRefine((named, context) => {
    const names = Object.keys(named);
    if (names.length >= 1 && names.length <= MAX_POOLS) return;
    const clause = names.length === 0 ? 'has no pool; a balancer has at least one' : `has more than ${MAX_POOLS} pools`;
    context.addIssue({ code: 'custom', path: names.slice(MAX_POOLS, MAX_POOLS + 1), message: clause });
  })
  .meta({
    description: `Backends that serve the same requests, under a name of your choice; up to ${MAX_POOLS} pools.`,
    minProperties: 1,
    maxProperties: MAX_POOLS,
  });

const clientTimeouts = z
  .strictObject({
    handshake: positiveDuration.prefault('10s').describe('From the first byte of a TLS connection to its handshake.'),
    head: duration.prefault('10s').describe('From the first byte of a request to the end of its head.'),
    bodyGap: duration.prefault('30s').describe('Between two reads of a request body.'),
    keepAlive: duration.prefault('65s').describe('An idle connection is closed after this.'),
    write: duration
      .prefault('60s')
      .describe('A connection whose client takes no byte of a response for this long is closed.'),
    tcpKeepAlive: probeTime.describe(
      'The kernel asks a client that was silent for this long whether it is still there (`SO_KEEPALIVE`), in tunnels ' +
        'too; `off`: never.',
    ),
  })
  .prefault({})
  .describe('How long a client may take.');

const limits = z
  .strictObject({
    headBytes: z
      .int()
      .min(1_024)
      .max(65_536)
      .default(16_384)
      .describe('Most bytes of the head of a request or response.'),
    fields: z.int().min(8).max(1_024).default(128).describe('Most fields of a head.'),
    bodyBytes: z
      .int()
      .min(0)
      .default(0)
      .describe(
        'Most bytes of a request body, chunk framing included; 0: no limit. A larger one is answered with 413.',
      ),
    bodyRate: z
      .int()
      .min(0)
      .max(1_000_000_000)
      .default(256)
      .describe(
        'Least rate of a request body, in bytes per second, while the backend waits for it; 0: none. A client that has ' +
          'sent its body more slowly for 30 s, or `timeouts.bodyGap` if that is longer, is answered with 408.',
      ),
    pipelined: z
      .int()
      .min(0)
      .max(10_000)
      .default(0)
      .describe(
        'Most pipelined requests that wait on one client connection; the next one is the last that the connection ' +
          'serves. ' +
          '0: no limit but the size of the read buffer.',
      ),
    connections: z
      .union([z.literal('auto'), z.int().min(1)])
      .default('auto')
      .describe(
        'Most client connections of the whole host; `auto`: of each worker, three quarters of the files that it may ' +
          'open. Further ones are answered with 503.',
      ),
    handshakes: z
      .int()
      .min(1)
      .max(100_000)
      .default(256)
      .describe(
        'Most TLS handshakes that one worker has under way; further clients wait their turn. One that takes more than ' +
          'a second counts no longer.',
      ),
    connectionsPerAddress: z
      .int()
      .min(0)
      .default(0)
      .describe(
        'Most connections of one client address (of IPv6 its /64) to the whole host; 0: no limit. Further ones are ' +
          'answered with 429.',
      ),
  })
  .prefault({})
  .describe('Limits on what clients and backends may send, and on client connections.');

const forwarding = z
  .strictObject({
    trustedProxies: z
      .array(clientRange)
      .default([])
      .describe(
        'Addresses and ranges of proxies in front of this one, whose forwarding fields about the client are trusted.',
      ),
    forwarded: z.boolean().default(false).describe('Also send `Forwarded` (RFC 7239).'),
    via: z
      .string()
      .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, { error: 'must be one word, like a host name' })
      .default('off')
      .describe('Name of this proxy in `Via` (RFC 9110 section 7.6.3), or `off`.'),
    requestId: z.boolean().default(false).describe('Add an `X-Request-Id` to requests without one.'),
  })
  .prefault({})
  .describe('Fields that are added to requests, beside `X-Forwarded-For`, `-Proto` and `-Host`.');

const tracing = z
  .strictObject({
    sample: z
      .number()
      .min(0)
      .max(1)
      .default(1)
      .describe('Share of the traces begun here that are marked as sampled, for backends to record.'),
  })
  .optional()
  .describe(
    'Begin a trace (`traceparent`, W3C Trace Context) for requests without a valid one, and log its id. Off by ' +
      'default; ' +
      'a `traceparent` from the client is always forwarded.',
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
  .describe('Number of worker processes; `auto`: one per usable CPU; 0: no workers, one process does everything.');

const overload = z
  .strictObject({
    delay: duration
      .refine((ms) => ms === 0 || ms >= 10, {
        error: 'must be off or at least 10ms: a garbage collection takes several',
      })
      .prefault('1s')
      .describe(
        'Delay of the event loop (time until a worker reads what has arrived) past which it sheds load: the excess ' +
          'share ' +
          'of new requests is answered with 503, and their connections are not read from for half a second.',
      ),
  })
  .prefault({})
  .describe('When an overloaded worker sheds load, so that the other requests are answered in time.');

const workerLimits = z
  .strictObject({
    memory: z
      .int()
      .min(0)
      .default(0)
      .refine((mib) => mib === 0 || mib >= 128, {
        error: 'must be 0 or at least 128: an idle worker needs half of that',
      })
      .describe('Most memory of a worker (resident set), in MiB; 0: no limit.'),
    age: duration.prefault('off').describe('Longest time that a worker runs.'),
  })
  .prefault({})
  .describe('Limits past which a working worker is replaced, one at a time; its replacement starts first.');

const config = z.strictObject({
  listeners,
  workers,
  accept: z
    .enum(ACCEPT_MODES)
    .default('auto')
    .describe(
      'How workers accept connections: `shared`: on one socket; `reuse-port`: each on its own; `round-robin`: from ' +
        'the primary.',
    ),
  admin: z
    .union([z.literal('off'), adminAddress])
    .prefault('127.0.0.1:9901')
    .describe('Address of the admin interface (docs/admin.md), or `off`.'),
  adminTokenFile: z
    .string()
    .min(1)
    .optional()
    .describe('File with the token that requests to the admin interface must have; `ROUNDHOUSE_ADMIN_TOKEN` beats it.'),
  adminViewTokenFile: z
    .string()
    .min(1)
    .optional()
    .describe(
      'File with a second token, for requests that only look; `ROUNDHOUSE_ADMIN_VIEW_TOKEN` beats it (docs/admin.md).',
    ),
  adminLimits,
  metrics: z
    .union([z.literal('off'), adminAddress])
    .prefault('off')
    .describe('Address that serves `/metrics`, `/healthz` and `/readyz` only, and needs no token; or `off`.'),
  stateFile: z
    .string()
    .min(1)
    .optional()
    .describe(
      'File that keeps changes made at run time (backends added, changed and removed) over a restart ' +
        '(docs/admin.md). ' +
        'Without it they are lost.',
    ),
  accessLog: z
    .string()
    .regex(/^[^\0]+$/, { error: 'must name a file, or be - for standard output, or off' })
    .default('off')
    .describe(
      'File that a line is written to for each request (docs/access-log.md); `-` is standard output; or `off`.',
    ),
  accessLogFormat: z
    .enum(ACCESS_LOG_FORMATS)
    .default('json')
    .describe('`json`: one JSON object a line; `clf`: the combined log format of nginx and Apache, with times added.'),
  accessLogFilter: accessLogFilter.optional(),
  accessLogFields: accessLogFields.optional(),
  logLevel: z.enum(LOG_LEVELS).default('info').describe('The lowest level of messages that are logged.'),
  drain: positiveDuration
    .prefault('30s')
    .describe('Time that requests in flight have to finish when the balancer stops.'),
  stopDelay: duration
    .prefault('0')
    .describe(
      'Time between a stop that is asked for and its drain. `/readyz` says 503 meanwhile, the ports stay open and ' +
        'everything is served, so that another balancer in front can send clients elsewhere (docs/deploy.md).',
    ),
  heartbeat: duration
    .refine((ms) => ms === 0 || ms >= 2_000, {
      error: 'must be off or at least 2s: workers report once a second',
    })
    .prefault('10s')
    .describe('A worker that sends the primary nothing for this long is hung: it is killed and replaced.'),
  workerLimits,
  overload,
  timeouts: clientTimeouts,
  http,
  http2,
  limits,
  forwarding,
  tracing,
  dns,
  errorPages: errorPages.optional(),
  routes: routes.optional(),
  pools,
});

export const configSchema = config.superRefine((whole, context) => {
  const { admin, metrics, listeners, routes, pools } = whole;
  const ofRoutes = routes !== undefined || servesHttp(listeners) ? poolProblems(routes, Object.keys(pools)) : [];
  for (const [path, message] of [...ofRoutes, ...tcpPoolProblems({ listeners, routes, pools })]) {
    context.addIssue({ code: 'custom', path, message });
  }
  const ofTls = poolTlsProblems(pools, tcpPoolNames({ listeners, pools }));
  for (const [path, message] of [...accessLogProblems(whole), ...ofTls]) {
    context.addIssue({ code: 'custom', path: [...path], message });
  }
  for (const [path, message] of ownBackends(pools, listeners, [admin, metrics])) {
    context.addIssue({ code: 'custom', path, message });
  }
  for (const [key, address] of Object.entries({ admin, metrics })) {
    const clash = listeners.find((listener) => firstOverlap([listener.address, address]) !== undefined);
    if (clash === undefined) continue;
    const message = `"${address}" overlaps listener "${clash.address}"; give one of them another port, or ${key} "off"`;
    context.addIssue({ code: 'custom', path: [key], message });
  }
  if (firstOverlap([admin, metrics]) === undefined) return;
  const message = `"${metrics}" overlaps admin "${admin}", which serves metrics as well; give one of them another port`;
  context.addIssue({ code: 'custom', path: ['metrics'], message });
});

/** The configuration as users write it. */
export type ConfigInput = z.input<typeof configSchema>;
/** The parsed configuration: every default filled in, every duration of type `Milliseconds`. */
export type Config = z.output<typeof configSchema>;
type BackendConfig = Omit<z.output<typeof backendConfig>, 'backup'>;
/** The settings of a backend, without what it is connected to. */
export type BackendSettings = Readonly<Omit<BackendConfig, 'address' | 'resolve'>>;
export type PoolConfig = Config['pools'][string];
export type StickyConfig = NonNullable<PoolConfig['sticky']>;
export type HealthCheckConfig = PoolConfig['healthCheck'];
export type AcceptMode = Config['accept'];
export type LogLevel = Config['logLevel'];
