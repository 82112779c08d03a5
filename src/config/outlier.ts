/**
 * config/outlier.ts: the part of schema.ts about passive outlier detection: ejection of backends whose requests fail.
 */
import * as z from 'zod';
import { mostDeviations } from '../core/success-rate.js';
import { clientShare, positiveDuration } from './values.js';

const successRate = z
  .strictObject({
    interval: positiveDuration
      .refine((ms) => ms >= 2_000, { error: 'must be at least 2s: workers count once a second' })
      .prefault('10s')
      .describe('Time over which success rates are counted and then compared.'),
    requests: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(100)
      .describe('A backend with fewer requests in an interval is not judged.'),
    backends: z.int().min(3).max(10_000).default(5).describe('With fewer backends to judge, none is judged.'),
    deviations: z
      .number()
      .positive()
      .max(100)
      .default(1.9)
      .describe('A backend is ejected if its rate is this many standard deviations below the mean.'),
    margin: z
      .number()
      .min(0.01)
      .max(1)
      .default(0.05)
      .describe('The rate must also be this far below the mean: among perfect rates a single failure deviates far.'),
  })
  .superRefine(({ backends, deviations }, context) => {
    const most = mostDeviations(backends);
    if (deviations < most) return;
    const message =
      `"${deviations}" ejects nothing: one of ${backends} backends is never more than ${most.toFixed(2)} deviations ` +
      'from their mean';
    context.addIssue({ code: 'custom', path: ['deviations'], message });
  })
  .optional()
  .describe(
    'Ejects a backend whose requests succeed clearly less often than those of the others; a status of 500 or more is ' +
      'not a success. Off by default.',
  );

export const outlier = z
  .strictObject({
    consecutiveFailures: z
      .int()
      .min(1)
      .max(1_000)
      .default(5)
      .describe('This many consecutive failures, as seen by one worker, eject the backend.'),
    consecutiveGatewayErrors: z
      .int()
      .min(0)
      .max(1_000)
      .default(0)
      .describe(
        'This many consecutive responses with 502, 503, 504 or a 5xx that `retries.on` names, as seen by one worker, ' +
          'eject it as well; 0: they never do.',
      ),
    successRate,
    clientShare: clientShare.describe(
      'Share of the evidence against a backend that failures of one client (an IPv4 address or an IPv6 /64) may be while ' +
        'the backend serves others; 1: all of it.',
    ),
    window: positiveDuration.prefault('10s').describe('Time within which the consecutive failures must fall.'),
    ejection: positiveDuration
      .prefault('10s')
      .describe('How long the first ejection lasts; the nth lasts n times as long.'),
    longestEjection: positiveDuration.prefault('5m').describe('Upper bound of the length of an ejection.'),
  })
  .prefault({})
  .describe(
    'When a backend is ejected (not used for a while) because requests fail on it, whatever its health checks say.',
  );
