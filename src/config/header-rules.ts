/**
 * config/header-rules.ts: which header fields a route may change. What frames a message, belongs to one connection or
 * says where a request came from is Roundhouse's own to send: a rule for it could cut one request into two, or let a
 * client speak for another.
 */
import * as z from 'zod';
import { fieldName, fieldValue } from './fields.js';

const MAX_RULES = 64;

/** RFC 9110 section 7.6.1, and what says how long a message is. */
const HOP_BY_HOP = [
  ...[
    'connection',
    'keep-alive',
    'proxy-connection',
    'transfer-encoding',
    'content-length',
    'te',
    'trailer',
    'upgrade',
  ],
  ...['http2-settings'],
];
const OF_REQUESTS = new Set([
  ...HOP_BY_HOP,
  ...[
    'expect',
    'max-forwards',
    'x-request-id',
    'forwarded',
    'x-forwarded-for',
    'x-forwarded-proto',
    'x-forwarded-host',
  ],
]);
const OF_RESPONSES = new Set(HOP_BY_HOP);

// RFC 9110 section 7.2.
const HOST = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;

export const requestHeaders = rulesFor(OF_REQUESTS)
  .superRefine(({ set, add, remove }, context) => {
    const named = (name: string): boolean => name.toLowerCase() === 'host';
    const host = Object.entries(set).find(([name]) => named(name));
    if (host !== undefined && !HOST.test(host[1])) {
      context.addIssue({ code: 'custom', path: ['set', host[0]], message: 'is no host with an optional port' });
    }
    if (Object.keys(add).some(named) || remove.some(named)) {
      context.addIssue({ code: 'custom', message: '"Host" can only be set: every request has exactly one' });
    }
  })
  .describe('Header fields of requests that are changed on the way to a backend.');

export const responseHeaders = rulesFor(OF_RESPONSES).describe(
  "Header fields of backends' responses that are changed on the way to the client.",
);

export type HeaderRulesConfig = z.output<typeof responseHeaders>;

function rulesFor(ours: ReadonlySet<string>) {
  const name = fieldName.refine((text) => !ours.has(text.toLowerCase().replaceAll('_', '-')), {
    error: ({ input }) => `"${input}" is Roundhouse's own to send`,
  });
  const fields = z
    .record(name, fieldValue)
    .refine((rules) => Object.keys(rules).length <= MAX_RULES, { error: `has more than ${MAX_RULES} fields` })
    .default({});
  return z
    .strictObject({
      set: fields.describe('By name: the value that the field has, whatever was sent.'),
      add: fields.describe('By name: the value of one more such field.'),
      remove: z.array(name).max(MAX_RULES).default([]).describe('The fields that are left out.'),
    })
    .superRefine(({ set, remove }, context) => {
      const names = [...Object.keys(set), ...remove].map((each) => each.toLowerCase());
      const twice = names.find((each, index) => names.indexOf(each) !== index);
      if (twice === undefined) return;
      context.addIssue({ code: 'custom', message: `"${twice}" is named twice in set and remove` });
    });
}
