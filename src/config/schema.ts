/**
 * config/schema.ts: the configuration, its types and the only home of its defaults. Parsing an effective
 * configuration again gives the same one, so the same schema guards the border between primary and worker.
 */
import * as z from 'zod';
import { POLICIES } from '../balancing/picker.js';
import { firstOverlap } from './overlap.js';
import { backendAddress, duration, ipRange, listenAddress, positiveDuration } from './values.js';

export const DEFAULT_POOL = 'default';
export const ACCEPT_MODES = ['auto', 'shared', 'reuse-port', 'round-robin'] as const;
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
/** More workers than any host has cores is a typo, and a thousand processes are hard to take back. */
export const MAX_WORKERS = 256;
export const MAX_WEIGHT = 1_000;

// Given to each check: whichever fails, a person reads the same sentence.
const weightError = {
  error: ({ input }: { readonly input?: unknown }) =>
    `"${input}" is not a weight; write a whole number from 1 to ${MAX_WEIGHT}`,
};

/** A backend as a person names it, in a configuration and to a running balancer. */
export const backendConfig = z.strictObject({
  address: backendAddress,
  weight: z.int(weightError).min(1, weightError).max(MAX_WEIGHT, weightError).default(1),
});

const backends = z
  .array(backendConfig)
  .min(1, { error: 'needs at least one backend' })
  .superRefine((list, context) => {
    const seen = new Set<string>();
    for (const { address } of list) {
      if (seen.has(address)) context.addIssue({ code: 'custom', message: `backend "${address}" is listed twice` });
      seen.add(address);
    }
  });

const healthCheck = z
  .strictObject({
    /** HTTP GET of this path, 2xx-3xx is up; without it a TCP connect decides. */
    path: z
      .string()
      .regex(/^\/[\x21-\x7e]*$/, { error: 'must start with / and hold no spaces' })
      .optional(),
    interval: positiveDuration.prefault('5s'),
    /** Used instead of `interval` while a verdict is forming. */
    changingInterval: positiveDuration.prefault('1s'),
    /** Share of the interval by which each probe moves at random, so that probes never march in step. */
    jitter: z.number().min(0).max(0.5).default(0.1),
    timeout: positiveDuration.prefault('2s'),
    /** Consecutive successes that turn `down` into `up`. */
    rise: z.int().min(1).max(100).default(2),
    /** Consecutive failures that turn `up` into `down`. */
    fall: z.int().min(1).max(100).default(3),
  })
  .prefault({});

const outlier = z
  .strictObject({
    /** This many failures in a row, seen by one worker, eject the backend. */
    consecutiveFailures: z.int().min(1).max(1_000).default(5),
    /** A streak older than this starts again from one. */
    window: positiveDuration.prefault('10s'),
    /** First ejection; the nth lasts n times as long. */
    ejection: positiveDuration.prefault('10s'),
    longestEjection: positiveDuration.prefault('5m'),
  })
  .prefault({});

const retries = z
  .strictObject({
    /** Attempts after the first. */
    count: z.int().min(0).max(10).default(2),
    /** Retries after bytes were sent, as a share of recent requests. */
    budget: z.number().min(0).max(1).default(0.2),
    /** What a quiet pool may retry all the same. */
    minPerSecond: z.number().min(0).max(10_000).default(3),
    /** The largest request body kept for a replay, in bytes. */
    bodyBytes: z.int().min(0).max(1_048_576).default(65_536),
  })
  .prefault({});

const upstreamTimeouts = z
  .strictObject({
    connect: positiveDuration.prefault('3s'),
    /** From the whole request sent to the response head. */
    responseHead: duration.prefault('30s'),
    /** Between two reads of a response body. */
    betweenBytes: duration.prefault('60s'),
    tunnelIdle: duration.prefault('1h'),
    /** An idle connection is closed after this, unless the backend names another time by `Keep-Alive: timeout`. */
    idle: positiveDuration.prefault('4s'),
    /** The longest idle time a backend's `Keep-Alive: timeout` is granted. */
    longestIdle: positiveDuration.prefault('60s'),
  })
  .prefault({});

const pool = z.strictObject({
  policy: z.enum(POLICIES).default('two-choices'),
  backends,
  healthCheck,
  outlier,
  retries,
  timeouts: upstreamTimeouts,
  /** Idle upstream connections kept per backend and worker. */
  idleConnections: z.int().min(0).max(10_000).default(128),
});

const clientTimeouts = z
  .strictObject({
    head: duration.prefault('10s'),
    /** Between two reads of a request body. */
    bodyGap: duration.prefault('30s'),
    keepAlive: duration.prefault('65s'),
    /** A client that takes no byte of its response for this long is cut off. */
    write: duration.prefault('60s'),
  })
  .prefault({});

const limits = z
  .strictObject({
    headBytes: z.int().min(1_024).max(65_536).default(16_384),
    fields: z.int().min(8).max(1_024).default(128),
    /** Bytes of a request body, chunk framing included; 0 sets no limit. A larger one is answered with 413. */
    bodyBytes: z.int().min(0).default(0),
    /** Requests that may wait in one connection behind another; the one past them is the connection's last. 0 sets no
     * limit but that of the read buffer. */
    pipelined: z.int().min(0).max(10_000).default(0),
    /** Client connections of one worker; auto leaves each a file for its backend. More are answered with 503. */
    connections: z.union([z.literal('auto'), z.int().min(1)]).default('auto'),
    /** Connections of one client address to one worker; 0 sets no limit. More are answered with 429. */
    connectionsPerAddress: z.int().min(0).default(0),
  })
  .prefault({});

/** What a request gets on its way to a backend, beside X-Forwarded-For, -Proto and -Host. */
const forwarding = z
  .strictObject({
    /** Proxies in front, each an IP address or a range: what they say about the client before them is believed. */
    trustedProxies: z.array(ipRange).default([]),
    /** Also send `Forwarded` (RFC 7239). */
    forwarded: z.boolean().default(false),
    /** Name of this hop in `Via` (RFC 9110 section 7.6.3), or off. */
    via: z
      .string()
      .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, { error: 'must be one word, like a host name' })
      .default('off'),
    /** Make an X-Request-Id for requests that come without one. */
    requestId: z.boolean().default(false),
  })
  .prefault({});

const listeners = z
  .array(z.strictObject({ address: listenAddress }))
  .min(1)
  .superRefine((list, context) => {
    const clash = firstOverlap(list.map(({ address }) => address));
    if (clash === undefined) return;
    const [address, earlier] = clash;
    const message = address === earlier ? `"${address}" is listed twice` : `"${address}" overlaps "${earlier}"`;
    context.addIssue({ code: 'custom', message });
  })
  .default([{ address: '0.0.0.0:8080' }]);

// Given to the members as well: a number out of range is reported by the member, not by the union.
const workerCountError = {
  error: ({ input }: { readonly input?: unknown }) =>
    `"${input}" is not a worker count; write auto or a number from 1 to ${MAX_WORKERS}`,
};
const workers = z
  .union(
    [z.literal('auto'), z.int(workerCountError).min(1, workerCountError).max(MAX_WORKERS, workerCountError)],
    workerCountError,
  )
  .default('auto');

const config = z.strictObject({
  listeners,
  workers,
  accept: z.enum(ACCEPT_MODES).default('auto'),
  admin: z.union([z.literal('off'), listenAddress]).default('127.0.0.1:9901'),
  logLevel: z.enum(LOG_LEVELS).default('info'),
  /** How long in-flight work may take after a stop was asked for. */
  drain: positiveDuration.prefault('30s'),
  timeouts: clientTimeouts,
  limits,
  forwarding,
  pools: z.record(z.string(), pool),
});

export const configSchema = config.superRefine(({ admin, listeners }, context) => {
  const clash = listeners.find(({ address }) => firstOverlap([address, admin]) !== undefined);
  if (clash === undefined) return;
  const message = `"${admin}" overlaps listener "${clash.address}"; give one of them another port, or admin "off"`;
  context.addIssue({ code: 'custom', path: ['admin'], message });
});

/** What a person writes. */
export type ConfigInput = z.input<typeof configSchema>;
/** What the program runs on: every default filled in, every time in milliseconds. */
export type Config = z.output<typeof configSchema>;
export type PoolConfig = Config['pools'][string];
export type HealthCheckConfig = PoolConfig['healthCheck'];
export type AcceptMode = Config['accept'];
export type LogLevel = Config['logLevel'];
