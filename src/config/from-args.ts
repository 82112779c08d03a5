/**
 * config/from-args.ts: command line and `ROUNDHOUSE_*` variables -> configuration. Flags beat variables; whatever
 * neither says is left to the schema, the only home of defaults.
 */
import type * as z from 'zod';
import { type BackendInput, readBackends } from './backend-list.js';
import { type Config, configSchema, DEFAULT_POOL } from './schema.js';
import { alternatives, similarWord } from './similar.js';
import { UsageError } from './usage-error.js';

/** The text behind each flag, as typed; `undefined` where the flag was not given. */
export interface Args {
  readonly backends: readonly string[];
  readonly listen?: readonly string[] | undefined;
  readonly workers?: string | undefined;
  readonly policy?: string | undefined;
  readonly healthPath?: string | undefined;
  readonly healthInterval?: string | undefined;
  readonly accept?: string | undefined;
  readonly admin?: string | undefined;
  readonly logLevel?: string | undefined;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** A text and who said it: a flag, a variable, or BACKENDS for the positional arguments. */
interface Given {
  readonly source: string;
  readonly texts: readonly string[];
}
type Setting = keyof Args;

/** Where each setting lands in the configuration, so that an issue found there can name who said it. */
const PATHS: Readonly<Record<Setting, string>> = {
  backends: `pools.${DEFAULT_POOL}.backends`,
  listen: 'listeners',
  workers: 'workers',
  policy: `pools.${DEFAULT_POOL}.policy`,
  healthPath: `pools.${DEFAULT_POOL}.healthCheck.path`,
  healthInterval: `pools.${DEFAULT_POOL}.healthCheck.interval`,
  accept: 'accept',
  admin: 'admin',
  logLevel: 'logLevel',
};
const SETTINGS: readonly Setting[] = [
  'backends',
  'listen',
  'workers',
  'policy',
  'healthPath',
  'healthInterval',
  'accept',
  'admin',
  'logLevel',
];

/**
 * @throws {UsageError} one sentence that names the offending value and the flag or variable it came from
 */
export function configFromArgs(args: Args, environment: Environment): Config {
  const given = new Map<Setting, Given>();
  for (const setting of SETTINGS) {
    const found = givenFor(setting, args, environment);
    if (found !== undefined) given.set(setting, found);
  }
  const parsed = configSchema.safeParse(inputOf(given));
  if (parsed.success) return parsed.data;
  throw new UsageError(sentence(parsed.error.issues[0], given));
}

/** `--health-path` -> `ROUNDHOUSE_HEALTH_PATH`. */
export function variableOf(setting: string): string {
  return `ROUNDHOUSE_${kebab(setting).replaceAll('-', '_').toUpperCase()}`;
}

function givenFor(setting: Setting, args: Args, environment: Environment): Given | undefined {
  const typed = args[setting];
  if (typed !== undefined && (setting !== 'backends' || typed.length > 0)) {
    const source = setting === 'backends' ? 'BACKENDS' : `--${kebab(setting)}`;
    return { source, texts: typeof typed === 'string' ? [typed] : typed };
  }
  const variable = variableOf(setting);
  const text = environment[variable];
  // Compose files and unit files pass a variable nobody set as an empty one.
  return text === undefined || text === '' ? undefined : { source: variable, texts: [text] };
}

function inputOf(given: ReadonlyMap<Setting, Given>): unknown {
  const text = (setting: Setting): string | undefined => given.get(setting)?.texts.at(-1);
  const admin = text('admin');
  return {
    listeners: listenersOf(given.get('listen')),
    workers: workersOf(text('workers')),
    accept: text('accept'),
    admin: admin === undefined ? undefined : withHost(admin, '127.0.0.1'),
    logLevel: text('logLevel'),
    pools: {
      [DEFAULT_POOL]: {
        policy: text('policy'),
        backends: backendsOf(given.get('backends')),
        healthCheck: { path: text('healthPath'), interval: text('healthInterval') },
      },
    },
  };
}

function backendsOf(given: Given | undefined): readonly BackendInput[] {
  if (given !== undefined) return readBackends(given.texts, given.source);
  throw new UsageError(
    'no backends given; name them as in "roundhouse 127.0.0.1:3001,127.0.0.1:3002", or see "roundhouse --help"',
  );
}

function listenersOf(given: Given | undefined): readonly { readonly address: string }[] | undefined {
  return given?.texts.flatMap((text) => text.split(',')).map((text) => ({ address: withHost(text.trim(), '0.0.0.0') }));
}

/** `8080` and `:8080` are short for that port on `host`. */
function withHost(text: string, host: string): string {
  return /^:?\d+$/.test(text) ? `${host}:${text.replace(':', '')}` : text;
}

/** What is no number is left as it is, for the schema to refuse with the text that was typed. */
function workersOf(text: string | undefined): string | number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : text;
}

function sentence(issue: z.core.$ZodIssue | undefined, given: ReadonlyMap<Setting, Given>): string {
  const path = issue?.path.join('.') ?? '';
  const setting = SETTINGS.find((name) => path === PATHS[name] || path.startsWith(`${PATHS[name]}.`));
  const said = setting === undefined ? undefined : given.get(setting);
  if (issue === undefined || said === undefined) return `${path} ${issue?.message}`;
  const clause = clauseOf(issue, said.texts.at(-1) ?? '');
  return `${said.source}: ${clause.includes('"') ? clause : `"${said.texts.join(',')}" ${clause}`}`;
}

function clauseOf(issue: z.core.$ZodIssue, text: string): string {
  switch (issue.code) {
    case 'invalid_value': {
      const known = issue.values.map(String);
      const near = similarWord(text, known);
      return near === undefined
        ? `"${text}" is not known; write ${alternatives(known)}`
        : `"${text}" is not known; did you mean ${near}?`;
    }
    case 'invalid_union':
      // The members are ordered from a fixed word to a free form; what a person typed was meant as the free form.
      return issue.errors.at(-1)?.[0]?.message ?? issue.message;
    default:
      return issue.message;
  }
}

function kebab(setting: string): string {
  return setting.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
