/** config/outlier.ts: when failing traffic puts a backend out of use, whatever its health checks say. */
import * as z from 'zod';
import { mostDeviations } from '../core/success-rate.js';
import { positiveDuration } from './values.js';

const successRate = z
  .strictObject({
    interval: positiveDuration
      .refine((ms) => ms >= 2_000, { error: 'must be at least 2s: workers count once a second' })
      .prefault('10s')
      .describe('How often the rates of the time since are compared.'),
    requests: z.int().min(1).max(1_000_000).default(100).describe('A backend with fewer in an interval is not judged.'),
    backends: z.int().min(3).max(10_000).default(5).describe('With fewer backends to judge, none is.'),
    deviations: z
      .number()
      .positive()
      .max(100)
      .default(1.9)
      .describe('Standard deviations below the mean of the rates at which a backend is ejected.'),
    margin: z
      .number()
      .min(0.01)
      .max(1)
      .default(0.05)
      .describe('It must also be so far below the mean: among perfect ones a single failure is far out of line.'),
  })
  .superRefine(({ backends, deviations }, context) => {
    const most = mostDeviations(backends);
    if (deviations < most) return;
    const message =
      `"${deviations}" ejects nobody: one of ${backends} backends is never more than ${most.toFixed(2)} deviations ` +
      'from their mean';
    context.addIssue({ code: 'custom', path: ['deviations'], message });
  })
  .optional()
  .describe(
    'Ejects a backend whose requests succeed clearly less often than those of the others; an answer of 500 or more is ' +
      'no success. Off unless given.',
  );

export const outlier = z
  .strictObject({
    consecutiveFailures: z
      .int()
      .min(1)
      .max(1_000)
      .default(5)
      .describe('This many failures in a row, seen by one worker, eject the backend.'),
    consecutiveGatewayErrors: z
      .int()
      .min(0)
      .max(1_000)
      .default(0)
      .describe(
        'This many answers 502, 503, 504 or of a 5xx that `retries.on` names in a row, seen by one worker, eject it, ' +
          'too; 0 counts none.',
      ),
    successRate,
    window: positiveDuration.prefault('10s').describe('A streak older than this starts again from one.'),
    ejection: positiveDuration
      .prefault('10s')
      .describe('How long the first ejection lasts; the nth lasts n times as long.'),
    longestEjection: positiveDuration.prefault('5m').describe('The longest that an ejection may grow to.'),
  })
  .prefault({})
  .describe('When failing traffic puts a backend out of use for a while, whatever its health checks say.');
