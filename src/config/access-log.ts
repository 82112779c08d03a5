/** config/access-log.ts: the part of schema.ts about which lines the access log has, and which fields they have. */
import * as z from 'zod';
import { LOG_FIELDS, type LogField } from '../core/log-fields.js';
import { STATUS_CLASSES } from '../core/log-filter.js';
import { path, routeName } from './routes.js';
import { alternatives, similarWord } from './similar.js';
import { positiveDuration, shown } from './values.js';

const notAStatus = {
  error: ({ input }: { readonly input?: unknown }) =>
    `${shown(input)} is not a status; write 404, or a class, as in 5xx`,
};

const rule = z
  .strictObject({
    route: routeName.optional().describe('Name of the route that the request took.'),
    path: path.optional().describe('Prefix of the path as the client sent it, in whole segments.'),
    status: z
      .union([z.enum(STATUS_CLASSES), z.int().min(100).max(599)], notAStatus)
      .optional()
      .describe('Status of the response, or a class: `5xx`.'),
    slowerThan: positiveDuration.optional().describe('It took longer than this.'),
    errors: z
      .boolean()
      .optional()
      .describe(
        "Whether it is an error that is not the client's: a 5xx, a response that was cut, a TCP connection that got no backend.",
      ),
  })
  .refine((keys) => Object.values(keys).some((value) => value !== undefined), {
    error: 'asks for nothing; give it a route, path, status, slowerThan or errors',
  });

const rules = z.array(rule).min(1, { error: 'needs at least one rule' }).max(100);

export const accessLogFilter = z
  .strictObject({
    only: rules.optional().describe('Only lines that meet one of these rules are kept.'),
    except: rules.optional().describe('Lines that meet one of these rules are left out.'),
    sample: z
      .number({ error: ({ input }) => `${shown(input)} is not a share; write a number from 0 to 1, as in 0.1` })
      .min(0, { error: 'must be from 0 to 1' })
      .max(1, { error: 'must be from 0 to 1' })
      .default(1)
      .describe('Share of the lines that is kept, by chance.'),
    always: rules.optional().describe('Lines that meet one of these rules are kept, whatever the other keys say.'),
  })
  .describe('Which lines the access log has; a line meets a rule if all keys of the rule hold (docs/access-log.md).');

function isLogField(name: string): name is LogField {
  return LOG_FIELDS.some((field) => field === name);
}

const field = z.string().transform((name, context): LogField => {
  if (isLogField(name)) return name;
  const near = similarWord(name, LOG_FIELDS);
  const advice = near === undefined ? `write ${alternatives(LOG_FIELDS)}` : `did you mean "${near}"?`;
  context.issues.push({
    code: 'custom',
    input: name,
    message: `"${name}" is not a field of the access log; ${advice}`,
  });
  return z.NEVER;
});

export const accessLogFields = z
  .array(field)
  .min(1, { error: 'needs at least one field' })
  .refine((list) => new Set(list).size === list.length, { error: 'names a field twice' })
  .describe('Fields of the JSON lines, in this order; all of them by default (docs/access-log.md).');

type LogKeys = {
  readonly accessLogFormat: string;
  readonly accessLogFields?: readonly LogField[] | undefined;
  readonly accessLogFilter?: z.output<typeof accessLogFilter> | undefined;
  readonly routes?: readonly { readonly name?: string | undefined }[] | undefined;
};

/** @returns what is wrong between the keys of the access log and others, with the path of the key */
export function accessLogProblems(config: LogKeys): readonly (readonly [path: (string | number)[], message: string])[] {
  const { accessLogFormat, accessLogFields: fields, accessLogFilter: filter, routes = [] } = config;
  const problems: [(string | number)[], string][] = [];
  if (fields !== undefined && accessLogFormat !== 'json') {
    problems.push([['accessLogFields'], 'are of JSON lines only; leave it out, or set accessLogFormat to json']);
  }
  const names = routes.flatMap(({ name }) => (name === undefined ? [] : [name]));
  for (const key of ['only', 'except', 'always'] as const) {
    for (const [at, { route }] of (filter?.[key] ?? []).entries()) {
      if (route === undefined || names.includes(route)) continue;
      const near = similarWord(route, names);
      const advice = near === undefined ? 'give a route that name' : `did you mean "${near}"?`;
      problems.push([['accessLogFilter', key, at, 'route'], `no route is called "${route}"; ${advice}`]);
    }
  }
  return problems;
}
