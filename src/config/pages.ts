/**
 * config/pages.ts: the part of schema.ts about what Roundhouse answers itself: fixed answers of routes, and pages in
 * place of its own words. A body is written in the configuration, or is a file that each reload reads again.
 */
import * as z from 'zod';
import { fieldNameSchema, fieldValueSchema } from './fields.js';
import { OF_RESPONSES } from './header-rules.js';
import { similarWord } from './similar.js';
import { duration } from './values.js';

const LONGEST_BODY = 65_536;
/** Statuses whose responses have no body (RFC 9110 sections 15.3.5, 15.3.6 and 15.4.5). */
const WITHOUT_BODY = new Set([204, 205, 304]);

const content = {
  body: z.string().max(LONGEST_BODY).optional().describe('The body, as text.'),
  file: z
    .string()
    .min(1)
    .max(4_096)
    .regex(/^[^\0]+$/)
    .optional()
    .describe('File that holds the body, up to 1 MiB; read at the start and at each reload.'),
};

export const page = z
  .strictObject({
    ...content,
    contentType: fieldValueSchema
      .min(1)
      .optional()
      .describe('Media type; by default that of the name of the file, and of a body `text/plain; charset=utf-8`.'),
    retryAfter: duration.optional().describe('Time in `Retry-After`; for `503`, `5xx` and `maintenance`.'),
  })
  .superRefine(({ body, file }, context) => {
    if ((body === undefined) === (file === undefined)) {
      const message = body === undefined ? 'needs a body or a file' : 'has a body and a file; leave one of them out';
      context.addIssue({ code: 'custom', message });
    }
  });

const pageKey = z.string().regex(/^(?:[45]\d\d|[45]xx|maintenance)$/, {
  error: ({ input }) => {
    const near = similarWord(String(input), ['maintenance']);
    const hint = near === undefined ? 'write 503, 5xx or maintenance' : `did you mean ${near}?`;
    return `"${input}" is no status of an error; ${hint}`;
  },
});

export const errorPages = z
  .record(pageKey, page)
  .superRefine((pages, context) => {
    for (const [key, { retryAfter }] of Object.entries(pages)) {
      if (retryAfter === undefined || ['503', '5xx', 'maintenance'].includes(key)) continue;
      const message = 'has no effect here; it is for 503, 5xx and maintenance';
      context.addIssue({ code: 'custom', path: [key, 'retryAfter'], message });
    }
  })
  .describe(
    'Pages in place of the words of answers that Roundhouse gives itself, by status (`503`), class (`5xx`), or ' +
      '`maintenance`. `{status}` and `{title}` in a page are those of the answer.',
  );

export const respond = z
  .strictObject({
    status: z.int().min(200).max(599).default(200).describe('Status of the answer.'),
    headers: z
      .record(
        fieldNameSchema.refine((name) => !OF_RESPONSES.has(name.toLowerCase()), {
          error: ({ input }) => `"${input}" is set by Roundhouse itself`,
        }),
        fieldValueSchema,
      )
      .default({})
      .describe('Header fields by name; a `Content-Type` beats that of the name of the file, and `text/plain`.'),
    ...content,
  })
  .superRefine(({ status, body, file }, context) => {
    if (body !== undefined && file !== undefined) {
      context.addIssue({ code: 'custom', message: 'has a body and a file; leave one of them out' });
    }
    if (WITHOUT_BODY.has(status) && (body ?? file) !== undefined) {
      context.addIssue({ code: 'custom', path: ['status'], message: `${status} is for answers without a body` });
    }
  })
  .describe('Answers with a fixed response.');

export type PageConfig = z.output<typeof page>;
export type ErrorPagesConfig = z.output<typeof errorPages>;
export type RespondConfig = z.output<typeof respond>;
