/**
 * config/resilience.ts: the part of schema.ts about backends that are slow, busy or failing: the queue, retries,
 * hedging and circuit breakers.
 */
import * as z from 'zod';
import { RETRY_CONDITIONS } from '../core/retry.js';
import { similarWord } from './similar.js';
import { clientShare, duration, hedgeDelay, positiveDuration, shown } from './values.js';

export const queue = z
  .strictObject({
    length: z
      .int()
      .min(0)
      .max(1_000_000)
      .default(1_024)
      .describe('Requests that may wait, split evenly over the workers; further ones are answered with 503.'),
    timeout: positiveDuration.prefault('5s').describe('A request that has waited this long is answered with 503.'),
  })
  .prefault({})
  .describe(
    'Where requests wait while every backend has `maxConnections` open: served first in, first out; last in, first ' +
      'out ' +
      'when the queue has not been empty for a whole `timeout`.',
  );

const backoff = z
  .strictObject({
    base: duration
      .prefault('25ms')
      .describe('Upper bound of the pause before the first retry; it doubles with each further one.'),
    longest: positiveDuration.prefault('250ms').describe('Upper bound of every pause.'),
  })
  .prefault({})
  .describe('The pause, of random length, before a retry. A first retry on another backend is made without one.');

// Given to each check, so that the message is the same whichever fails.
const notACondition = {
  error: ({ input }: { readonly input?: unknown }) => {
    const near = typeof input === 'string' ? similarWord(input, RETRY_CONDITIONS) : undefined;
    const hint = `write ${RETRY_CONDITIONS.join(', ')} or a status from 400 to 599`;
    return `${shown(input)} is not a retry condition; ${near === undefined ? hint : `did you mean ${near}?`}`;
  },
};
const retryCondition = z.union(
  [z.enum(RETRY_CONDITIONS, notACondition), z.int(notACondition).min(400, notACondition).max(599, notACondition)],
  notACondition,
);

export const retries = z
  .strictObject({
    count: z.int().min(0).max(10).default(2).describe('Most attempts after the first.'),
    on: z
      .array(retryCondition)
      .default(['connect-failure', 'reset'])
      .describe(
        'What is retried: attempts that fail in these ways, and responses with these statuses; `gateway-error` is ' +
          '502, 503 and 504. Only `connect-failure` is retried for every method.',
      ),
    perTryTimeout: duration
      .prefault('off')
      .describe('Without a response head within this time, a request that can be repeated is retried elsewhere.'),
    backoff,
    idempotencyKey: z
      .boolean()
      .default(false)
      .describe('A request of any method may be repeated if it has an `Idempotency-Key` field.'),
    clientShare: clientShare.describe(
      'Share of the budget that one client (an IPv4 address or an IPv6 /64) may use while others are there; 1: all of it.',
    ),
    budget: z
      .number()
      .min(0)
      .max(1)
      .default(0.2)
      .describe('Retries of requests that may have been sent, as a share of recent requests.'),
    minPerSecond: z
      .number()
      .min(0)
      .max(10_000)
      .default(3)
      .describe('Retries per second that are allowed however few requests there are.'),
    bodyBytes: z
      .int()
      .min(0)
      .max(1_048_576)
      .default(65_536)
      .describe('Bytes of the largest request body that is kept in memory for a retry.'),
  })
  .prefault({})
  .describe('Second attempts, on another backend where there is one.');

export const hedging = z
  .strictObject({
    delay: hedgeDelay
      .prefault('p95')
      .describe(
        'Time for the first attempt: a time, or a quantile of recent response times (`p95`: 95 % were faster).',
      ),
  })
  .optional()
  .describe(
    'A second attempt on another backend for an idempotent request that takes long, once all of it has been ' +
      'received; ' +
      'the first response is used. Counts against the budget of retries. Off by default.',
  );

const breaker = z.int().min(0).max(1_000_000).default(0);
export const circuitBreaker = z
  .strictObject({
    connections: breaker.describe('Connections to backends; at the limit requests wait, as for `maxConnections`.'),
    pending: breaker.describe('Requests that wait in the queue or for a connection to open.'),
    requests: breaker.describe('Requests that are open on backends.'),
    retries: breaker.describe('Retries that are open on backends.'),
  })
  .prefault({})
  .describe('Limits of the load on the pool from the whole host, split evenly over the workers; 0: no limit.');
