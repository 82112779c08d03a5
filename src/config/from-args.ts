/**
 * config/from-args.ts: what the command line and `ROUNDHOUSE_*` variables say, laid over what a file says. Flags beat
 * variables, variables beat the file; whatever none of them says is left to the schema, the only home of defaults.
 */
import { type BackendInput, readBackends } from './backend-list.js';
import type { Path } from './document.js';
import { DEFAULT_POOL } from './schema.js';
import { UsageError } from './usage-error.js';
import { isMapping } from './values.js';

/** The text behind each flag, as typed; `undefined` where the flag was not given. */
export interface Args {
  /** The file that the others are laid over. */
  readonly config?: string | undefined;
  readonly backends: readonly string[];
  readonly listen?: readonly string[] | undefined;
  readonly workers?: string | undefined;
  readonly policy?: string | undefined;
  readonly healthPath?: string | undefined;
  readonly healthInterval?: string | undefined;
  readonly accept?: string | undefined;
  readonly admin?: string | undefined;
  readonly adminTokenFile?: string | undefined;
  readonly stateFile?: string | undefined;
  readonly accessLog?: string | undefined;
  readonly accessLogFormat?: string | undefined;
  readonly logLevel?: string | undefined;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** A text and who said it: a flag, a variable, or BACKENDS for the positional arguments. */
export interface Given {
  readonly source: string;
  readonly texts: readonly string[];
}

interface Setting {
  readonly name: Exclude<keyof Args, 'config'>;
  /** Where it lands, in the configuration or in that of its only pool. */
  readonly path: readonly string[];
  readonly ofPool?: true;
  /** Reads the shape only; what is none is left as it was typed, for the schema to refuse. */
  readonly read: (given: Given) => unknown;
}

const SETTINGS: readonly Setting[] = [
  { name: 'backends', path: ['backends'], ofPool: true, read: backends },
  { name: 'listen', path: ['listeners'], read: listeners },
  { name: 'workers', path: ['workers'], read: count },
  { name: 'policy', path: ['policy'], ofPool: true, read: text },
  { name: 'healthPath', path: ['healthCheck', 'path'], ofPool: true, read: text },
  { name: 'healthInterval', path: ['healthCheck', 'interval'], ofPool: true, read: text },
  { name: 'accept', path: ['accept'], read: text },
  { name: 'admin', path: ['admin'], read: (given) => withHost(text(given), '127.0.0.1') },
  { name: 'adminTokenFile', path: ['adminTokenFile'], read: text },
  { name: 'stateFile', path: ['stateFile'], read: text },
  { name: 'accessLog', path: ['accessLog'], read: text },
  { name: 'accessLogFormat', path: ['accessLogFormat'], read: text },
  { name: 'logLevel', path: ['logLevel'], read: text },
];

/** What was laid over a file, and who said which part of it. */
export interface Overlaid {
  readonly input: unknown;
  /** @returns who said what stands at `path`; `undefined` for what the file says */
  readonly saidBy: (path: Path) => Given | undefined;
}

/**
 * @param base the file's value; an empty mapping without one
 * @throws {UsageError} a list of backends that is none, or what is about one pool where the file has several
 */
export function overlay(base: unknown, args: Args, environment: Environment): Overlaid {
  const said = SETTINGS.flatMap((setting) => {
    const given = givenFor(setting.name, args, environment);
    if (given === undefined) return [];
    const path = setting.ofPool ? ['pools', onlyPoolIn(base, given), ...setting.path] : setting.path;
    return [{ path, given, value: setting.read(given) }];
  });
  return {
    input: said.reduce((input, { path, value }) => withValue(input, path, value), base),
    saidBy: (path) => said.find((each) => each.path.every((step, index) => step === path[index]))?.given,
  };
}

/** @returns the configuration file that flags or variables name */
export function configFileOf(args: Args, environment: Environment): string | undefined {
  return givenFor('config', args, environment)?.texts.at(-1);
}

function givenFor(setting: keyof Args, args: Args, environment: Environment): Given | undefined {
  const typed = args[setting];
  if (typed !== undefined && (setting !== 'backends' || typed.length > 0)) {
    const source = setting === 'backends' ? 'BACKENDS' : `--${kebab(setting)}`;
    return { source, texts: typeof typed === 'string' ? [typed] : typed };
  }
  const variable = variableOf(setting);
  const value = environment[variable];
  // Compose files and unit files pass a variable nobody set as an empty one.
  return value === undefined || value === '' ? undefined : { source: variable, texts: [value] };
}

/** `--health-path` -> `ROUNDHOUSE_HEALTH_PATH`. */
export function variableOf(setting: string): string {
  return `ROUNDHOUSE_${kebab(setting).replaceAll('-', '_').toUpperCase()}`;
}

/** Flags speak of the only pool, whatever a file calls it. */
function onlyPoolIn(base: unknown, { source }: Given): string {
  const pools = isMapping(base) ? base['pools'] : undefined;
  const [only, ...more] = isMapping(pools) ? Object.keys(pools) : [];
  if (only === undefined || more.length === 0) return only ?? DEFAULT_POOL;
  const names = [only, ...more].join('", "');
  throw new UsageError(`${source}: the file has several pools ("${names}"); say it there, under one of them`);
}

/** @returns a copy with `value` at `path`; what is in its way and no mapping stays, for the schema to refuse */
function withValue(base: unknown, path: readonly string[], value: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (base !== undefined && !isMapping(base)) return base;
  return { ...base, [step]: withValue(base?.[step], rest, value) };
}

function text({ texts }: Given): string {
  return texts.at(-1) ?? '';
}

function backends({ texts, source }: Given): readonly BackendInput[] {
  return readBackends(texts, source);
}

function listeners({ texts }: Given): readonly { readonly address: string }[] {
  return texts.flatMap((each) => each.split(',')).map((each) => ({ address: withHost(each.trim(), '0.0.0.0') }));
}

function count(given: Given): string | number {
  const typed = text(given);
  return /^\d{1,9}$/.test(typed) ? Number(typed) : typed;
}

/** `8080` and `:8080` are short for that port on `host`. */
export function withHost(typed: string, host: string): string {
  return /^:?\d+$/.test(typed) ? `${host}:${typed.replace(':', '')}` : typed;
}

function kebab(setting: string): string {
  return setting.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
