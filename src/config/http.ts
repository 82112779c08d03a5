/** config/http.ts: the part of schema.ts about HTTP/1.1: which of its rules may be broken. */
import * as z from 'zod';
import { LENIENT_RULES } from '../core/lenient-rules.js';

export const http = z
  .strictObject({
    lenient: z
      .array(z.enum(LENIENT_RULES))
      .superRefine((rules, context) => {
        for (const [index, rule] of rules.entries()) {
          if (rules.indexOf(rule) === index) continue;
          context.addIssue({ code: 'custom', path: [index], message: `"${rule}" is listed twice` });
        }
      })
      .default([])
      .describe('Rules of HTTP/1.1 that clients and backends may break; docs/http.md says what each risks.'),
  })
  .prefault({})
  .describe('How strictly HTTP/1.1 is read.');
