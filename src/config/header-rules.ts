/**
 * config/header-rules.ts: the schemas of a route's header rules. Fields that frame a message, belong to one connection
 * or describe the client are set by Roundhouse only: a rule for one could split a request in two, or let a client pose
 * as another.
 */
import * as z from 'zod';
import type { HeaderRulesSpec } from '../routing/header-rules.js';
import { PLACEHOLDERS } from '../routing/placeholders.js';
import { placeholdersIn } from '../routing/template.js';
import { fieldNameSchema, fieldValueSchema, HOST_FIELD } from './fields.js';
import { alternatives, similarWord } from './similar.js';

const MAX_RULES = 64;

/** Fields of one connection (RFC 9110 section 7.6.1), and those that frame a message. */
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
    'client-cert',
    'client-cert-chain',
  ],
]);
/** Fields of responses that only Roundhouse sets. */
export const OF_RESPONSES: ReadonlySet<string> = new Set(HOP_BY_HOP);

/** A value of a rule, in which placeholders stand for parts of the request. */
const ruleValue = fieldValueSchema.superRefine((text, context) => {
  const names = Object.keys(PLACEHOLDERS);
  for (const name of placeholdersIn(text).filter((each) => !names.includes(each))) {
    const near = similarWord(name, names);
    const known = names.map((each) => `{${each}}`);
    const hint = near === undefined ? `write ${alternatives(known)}` : `did you mean {${near}}?`;
    context.addIssue({ code: 'custom', message: `has {${name}}, which is not known; ${hint}` });
  }
});

export const requestHeaders = rulesFor(OF_REQUESTS)
  .superRefine(({ set, add, remove }, context) => {
    const named = (name: string): boolean => name.toLowerCase() === 'host';
    const host = Object.entries(set).find(([name]) => named(name));
    if (host !== undefined && !HOST_FIELD.test(host[1])) {
      context.addIssue({ code: 'custom', path: ['set', host[0]], message: 'is not a host with an optional port' });
    }
    if (Object.keys(add).some(named) || remove.some(named)) {
      context.addIssue({ code: 'custom', message: '"Host" can only be set: every request has exactly one' });
    }
  })
  .describe('Header fields of requests that are set, added or removed on the way to a backend.');

export const responseHeaders = rulesFor(OF_RESPONSES).describe(
  'Header fields of responses of backends that are set, added or removed on the way to the client.',
);

function rulesFor(ours: ReadonlySet<string>) {
  const name = fieldNameSchema.refine((text) => !ours.has(text.toLowerCase().replaceAll('_', '-')), {
    error: ({ input }) => `"${input}" is set by Roundhouse itself and cannot be changed`,
  });
  const fields = z
    .record(name, ruleValue)
    .refine((rules) => Object.keys(rules).length <= MAX_RULES, { error: `has more than ${MAX_RULES} fields` })
    .default({});
  return z
    .strictObject({
      set: fields.describe(
        'Values by field name; they replace all fields of that name. In them and in `add`, ' +
          `${placeholderList()} stand for parts of the request.`,
      ),
      add: fields.describe('Values by field name; they are added to fields of that name.'),
      remove: z.array(name).max(MAX_RULES).default([]).describe('Names of the fields to remove.'),
    })
    .superRefine(({ set, remove }, context) => {
      const names = [...Object.keys(set), ...remove].map((each) => each.toLowerCase());
      const twice = names.find((each, index) => names.indexOf(each) !== index);
      if (twice === undefined) return;
      context.addIssue({ code: 'custom', message: `"${twice}" is named twice in set and remove` });
    });
}

function placeholderList(): string {
  return Object.keys(PLACEHOLDERS)
    .map((name) => `\`{${name}}\``)
    .join(', ');
}

/** Whether a rule has a placeholder of this name. */
export function usesPlaceholder({ set, add }: Pick<HeaderRulesSpec, 'set' | 'add'>, name: string): boolean {
  return [...Object.values(set), ...Object.values(add)].some((text) => placeholdersIn(text).includes(name));
}
