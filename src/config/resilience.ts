/**
 * config/resilience.ts: what a pool does when its backends are slow, busy or failing: who waits, who is tried again, and
 * when it is enough.
 */
import * as z from 'zod';
import { RETRY_CONDITIONS } from '../core/retry.js';
import { duration, hedgeDelay, positiveDuration, shown } from './values.js';

export const queue = z
  .strictObject({
    length: z
      .int()
      .min(0)
      .max(1_000_000)
      .default(1_024)
      .describe('Requests that may wait, split evenly over the workers; the next one is answered with 503.'),
    timeout: positiveDuration.prefault('5s').describe('A request that has waited for so long is answered with 503.'),
  })
  .prefault({})
  .describe(
    'Where requests wait while every backend is at its `maxConnections`: first come, first served; the newest first when ' +
      'the line has not been empty for a whole `timeout`.',
  );

const backoff = z
  .strictObject({
    base: duration.prefault('25ms').describe('The longest pause before a first retry; doubles with each further one.'),
    longest: positiveDuration.prefault('250ms').describe('What the pause never exceeds.'),
  })
  .prefault({})
  .describe('A pause of random length before a retry. A first retry on another backend is made at once.');

// Given to each check: whichever fails, a person reads the same sentence.
const notACondition = {
  error: ({ input }: { readonly input?: unknown }) =>
    `${shown(input)} is nothing to retry after; write ${RETRY_CONDITIONS.join(', ')} or a status from 400 to 599`,
};
const retryCondition = z.union(
  [z.enum(RETRY_CONDITIONS, notACondition), z.int(notACondition).min(400, notACondition).max(599, notACondition)],
  notACondition,
);

export const retries = z
  .strictObject({
    count: z.int().min(0).max(10).default(2).describe('Attempts after the first.'),
    on: z
      .array(retryCondition)
      .default(['connect-failure', 'reset', 'bad-response'])
      .describe(
        'What is retried: an attempt that failed, or a response with one of these statuses; `gateway-error` is 502, ' +
          '503 and 504. Only `connect-failure` is retried for every method.',
      ),
    perTryTimeout: duration
      .prefault('off')
      .describe('A request that can be repeated elsewhere gets a new attempt when no response head came for so long.'),
    backoff,
    idempotencyKey: z
      .boolean()
      .default(false)
      .describe('A request of any method may be repeated when it has an `Idempotency-Key` field.'),
    budget: z
      .number()
      .min(0)
      .max(1)
      .default(0.2)
      .describe('Retries of requests that may have been sent, as a share of recent requests.'),
    minPerSecond: z.number().min(0).max(10_000).default(3).describe('What a quiet pool may retry all the same.'),
    bodyBytes: z
      .int()
      .min(0)
      .max(1_048_576)
      .default(65_536)
      .describe('The largest request body that is kept for a replay, in bytes.'),
  })
  .prefault({})
  .describe('Second attempts, on another backend where there is one.');

export const hedging = z
  .strictObject({
    delay: hedgeDelay
      .prefault('p95')
      .describe('How long the first attempt gets: a time, or the time that so many of the recent requests took.'),
  })
  .optional()
  .describe(
    'A second attempt at another backend for an idempotent request that takes long, if all of it is here; the first ' +
      'answer wins. Within the budget for retries. Off unless given.',
  );

const breaker = z.int().min(0).max(1_000_000).default(0);
export const circuitBreaker = z
  .strictObject({
    connections: breaker.describe('Connections to its backends; requests wait for one like for a `maxConnections`.'),
    pending: breaker.describe('Requests that wait in the queue or for a connection to open.'),
    requests: breaker.describe('Requests that are open on a backend.'),
    retries: breaker.describe('Retries that are open on a backend.'),
  })
  .prefault({})
  .describe('How much of the whole host may be under way on the pool, split evenly over the workers; 0 sets no limit.');
