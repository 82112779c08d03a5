/**
 * config/from-args.ts: merges flags and `ROUNDHOUSE_*` variables into the content of a configuration file. Flags beat
 * variables, variables beat the file; what none of them sets is left to the schema, the only home of defaults.
 */
import { nameIn } from '../core/address.js';
import { type BackendArgument, readBackends } from './backend-list.js';
import type { Path } from './document.js';
import { ACME_LISTENERS, type CertificateArgument, type ListenArgument, listenArgument } from './listen-argument.js';
import { DEFAULT_POOL, RESOLVE_MODES, type ResolveMode } from './schema.js';
import { UsageError } from './usage-error.js';
import { isMapping } from './values.js';
import { withHost } from './with-host.js';

/** The text of each flag, as typed; `undefined` if it was not given. */
export interface Args {
  /** The configuration file. */
  readonly config?: string | undefined;
  readonly backends: readonly string[];
  readonly listen?: readonly string[] | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly acme?: string | undefined;
  readonly domain?: readonly string[] | undefined;
  readonly acmeDirectory?: string | undefined;
  readonly acmeStorage?: string | undefined;
  readonly workers?: string | undefined;
  readonly resolve?: string | undefined;
  readonly policy?: string | undefined;
  readonly healthPath?: string | undefined;
  readonly healthInterval?: string | undefined;
  readonly accept?: string | undefined;
  readonly admin?: string | undefined;
  readonly adminTokenFile?: string | undefined;
  readonly adminViewTokenFile?: string | undefined;
  readonly metrics?: string | undefined;
  readonly stateFile?: string | undefined;
  readonly accessLog?: string | undefined;
  readonly accessLogFormat?: string | undefined;
  readonly stopDelay?: string | undefined;
  readonly logLevel?: string | undefined;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** A setting that was given outside of the file. */
export interface Given {
  /** What it was given by: the name of a flag or variable, or `BACKENDS` for the arguments. */
  readonly source: string;
  readonly texts: readonly string[];
}

type AcmeFlag = 'acme' | 'domain' | 'acmeDirectory' | 'acmeStorage';

interface Setting {
  readonly name: Exclude<keyof Args, 'config' | 'resolve' | 'cert' | 'key' | AcmeFlag>;
  /** The key that it sets; below the configuration's only pool if `ofPool`. */
  readonly path: readonly string[];
  readonly ofPool?: true;
  /** Converts the text to the value of the key; an invalid text stays as typed, for the schema to refuse. */
  readonly read: (given: Given, companions: Companions) => unknown;
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
  { name: 'adminViewTokenFile', path: ['adminViewTokenFile'], read: text },
  { name: 'metrics', path: ['metrics'], read: (given) => withHost(text(given), '127.0.0.1') },
  { name: 'stateFile', path: ['stateFile'], read: text },
  { name: 'accessLog', path: ['accessLog'], read: text },
  { name: 'accessLogFormat', path: ['accessLogFormat'], read: text },
  { name: 'stopDelay', path: ['stopDelay'], read: text },
  { name: 'logLevel', path: ['logLevel'], read: text },
];

/** What other flags say about the value of one. */
interface Companions {
  /** For the backends that are names. */
  readonly resolve: ResolveMode | undefined;
  /** For the listeners with https. */
  readonly certificate: CertificateArgument | undefined;
}

/** The content of a file with flags and variables merged in. */
export interface Overlaid {
  readonly input: unknown;
  /** @returns the flag or variable that set the value at `path`; `undefined` if the file did */
  readonly saidBy: (path: Path) => Given | undefined;
}

/**
 * Merges flags and variables into the content of a file.
 * @param base content of the file; an empty mapping if there is none
 * @throws {UsageError} for an invalid list of backends, or a setting of the only pool where the file has several
 */
export function overlay(base: unknown, args: Args, environment: Environment): Overlaid {
  const certificate = acmeArgument(args, environment) ?? certificateFiles(args, environment);
  const companions = { resolve: resolveModeOf(args, environment), certificate };
  const said = SETTINGS.flatMap((setting) => {
    const given =
      setting.name === 'listen' ? listenGiven(args, environment) : givenFor(setting.name, args, environment);
    if (given === undefined) return [];
    const path = setting.ofPool ? ['pools', onlyPoolIn(base, given), ...setting.path] : setting.path;
    return [{ path, given, value: setting.read(given, companions) }];
  });
  return {
    input: said.reduce((input, { path, value }) => withValue(input, path, value), base),
    saidBy: (path) => said.find((each) => each.path.every((step, index) => step === path[index]))?.given,
  };
}

/**
 * @returns what `--resolve` says about the backends that are given with it
 * @throws {UsageError} for another word than its modes, or where no backends are given
 */
function resolveModeOf(args: Args, environment: Environment): ResolveMode | undefined {
  const given = givenFor('resolve', args, environment);
  if (given === undefined) return undefined;
  const mode = RESOLVE_MODES.find((each) => each === text(given));
  if (mode === undefined) throw new UsageError(`${given.source}: "${text(given)}" is neither one nor all`);
  if (givenFor('backends', args, environment) !== undefined) return mode;
  throw new UsageError(`${given.source}: it is about backends given with it; in a file write "resolve" at the backend`);
}

/**
 * @returns the certificate of the listeners with https that are given with it
 * @throws {UsageError} where there is no such listener, or a key is missing
 */
function certificateFiles(args: Args, environment: Environment): CertificateArgument | undefined {
  const [cert, key] = [givenFor('cert', args, environment), givenFor('key', args, environment)];
  const given = cert ?? key;
  if (given === undefined) return undefined;
  if (cert === undefined || key === undefined) throw new UsageError(`${given.source}: --cert and --key go together`);
  const listen = givenFor('listen', args, environment)?.texts ?? [];
  if (listen.some((each) => each.includes('https://'))) {
    return { certificates: [{ cert: text(cert), key: text(key) }] };
  }
  throw new UsageError(`${given.source}: it is for a listener with https; give one by --listen https://0.0.0.0:8443`);
}

/** @returns the addresses to listen on, as `--listen` or `--acme` gives them; `undefined` if neither is given */
function listenGiven(args: Args, environment: Environment): Given | undefined {
  const acme = givenFor('acme', args, environment);
  return givenFor('listen', args, environment) ?? (acme && { source: acme.source, texts: ACME_LISTENERS });
}

/**
 * @returns how the listeners with https get a certificate by ACME; `undefined` if `--acme` is not given
 * @throws {UsageError} where it lacks a name, or a listener with https, or is given together with files
 */
function acmeArgument(args: Args, environment: Environment): CertificateArgument | undefined {
  const [acme, domain, directory, storage] = (['acme', 'domain', 'acmeDirectory', 'acmeStorage'] as const).map((name) =>
    givenFor(name, args, environment),
  );
  const beside = domain ?? directory ?? storage;
  if (acme === undefined) {
    if (beside === undefined) return undefined;
    throw new UsageError(`${beside.source}: it goes with --acme, which names your e-mail address`);
  }
  if (domain === undefined) throw new UsageError(`${acme.source}: name what the certificate is for by --domain`);
  const file = givenFor('cert', args, environment) ?? givenFor('key', args, environment);
  if (file !== undefined) throw new UsageError(`${acme.source}: it cannot be combined with ${file.source}`);
  if (!listenGiven(args, environment)?.texts.some((each) => each.includes('https://'))) {
    throw new UsageError(`${acme.source}: it is for a listener with https; give one by --listen https://:443`);
  }
  return {
    acme: {
      email: text(acme),
      domains: domain.texts.flatMap((each) => each.split(',')).map((each) => each.trim()),
      ...(directory === undefined ? {} : { directory: text(directory) }),
      ...(storage === undefined ? {} : { storage: text(storage) }),
    },
  };
}

/** @returns the path of the configuration file, by flag or variable; `undefined` if neither names one */
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
  // Compose files and unit files pass unset variables as empty ones.
  return value === undefined || value === '' ? undefined : { source: variable, texts: [value] };
}

/** @returns the variable of a setting: `healthPath` has `ROUNDHOUSE_HEALTH_PATH` */
export function variableOf(setting: string): string {
  return `ROUNDHOUSE_${kebab(setting).replaceAll('-', '_').toUpperCase()}`;
}

/** @returns the name of the only pool, to which flags apply. @throws {UsageError} if the file has several pools */
function onlyPoolIn(base: unknown, { source }: Given): string {
  const pools = isMapping(base) ? base['pools'] : undefined;
  const [only, ...more] = isMapping(pools) ? Object.keys(pools) : [];
  if (only === undefined || more.length === 0) return only ?? DEFAULT_POOL;
  const names = [only, ...more].join('", "');
  throw new UsageError(`${source}: the file has several pools ("${names}"); set it in the file, in one of them`);
}

/**
 * @returns a copy with `value` at `path`; where something that is not a mapping is in the way, `base`, for the schema
 * to refuse
 */
function withValue(base: unknown, path: readonly string[], value: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (base !== undefined && !isMapping(base)) return base;
  return { ...base, [step]: withValue(base?.[step], rest, value) };
}

function text({ texts }: Given): string {
  return texts.at(-1) ?? '';
}

function backends({ texts, source }: Given, { resolve }: Companions): readonly BackendArgument[] {
  const listed = readBackends(texts, source);
  if (resolve === undefined) return listed;
  return listed.map((each) => (nameIn(each.address) === undefined ? each : { ...each, resolve }));
}

function listeners({ texts }: Given, { certificate }: Companions): readonly ListenArgument[] {
  return texts.flatMap((each) => each.split(',')).map((each) => listenArgument(each.trim(), certificate));
}

function count(given: Given): string | number {
  const typed = text(given);
  return /^\d{1,9}$/.test(typed) ? Number(typed) : typed;
}

function kebab(setting: string): string {
  return setting.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
