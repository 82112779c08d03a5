/** config/load.ts: makes the configuration from flags, environment variables and a file, or reports what is wrong. */
import { type Complaint, complaintsOf, pathText, singleIssues } from './complaint.js';
import { ConfigError } from './config-error.js';
import type { ConfigDocument } from './document.js';
import { type Args, configFileOf, type Environment, type Overlaid, overlay } from './from-args.js';
import { inheritedNames } from './inherited-names.js';
import { isTime, mapScalars } from './json-schema.js';
import { isModuleFile, loadModule, moduleBounds } from './module-file.js';
import { readConfigFile } from './read-file.js';
import { type Config, configSchema, DEFAULT_POOL } from './schema.js';
import { UsageError } from './usage-error.js';
import { isMapping } from './values.js';
import { withVariables } from './variables.js';

/** Most problems that are put in words and looked up in the file; further ones are only counted. */
const MOST_EXAMINED = 100;

/**
 * Reads the configuration file, if flags or variables name one, and validates it together with them.
 * @param named the variables that values of the file may name
 * @throws {ConfigError} if the file cannot be used
 * @throws {UsageError} if a flag or variable is wrong
 */
export async function loadConfig(args: Args, environment: Environment, named = environment): Promise<Config> {
  const file = configFileOf(args, environment);
  if (file === undefined) return configOf(args, environment);
  if (isModuleFile(file)) {
    return configOf(args, environment, new ConfigValue(await loadModule(file, moduleBounds(named)), file));
  }
  // Loaded only if needed: the YAML parser costs time at the start.
  const { ConfigDocument } = await import('./document.js');
  return configOf(args, environment, new ConfigDocument(await readConfigFile(file), file), named);
}

/** A configuration that is a value, not a text, so its parts have no line. */
export class ConfigValue {
  readonly value: unknown;
  readonly #source: string;

  /** @param source the name of the configuration in messages; '' for none */
  constructor(value: unknown, source: string) {
    this.value = value;
    this.#source = source;
  }

  /**
   * @param further how many problems there are besides `complaints`
   * @returns the error for `complaints`, each with the path of its key
   */
  refusal(complaints: readonly Complaint[], further: number): ConfigError {
    const before = this.#source === '' ? '' : `${this.#source}: `;
    return new ConfigError(
      complaints.map((complaint) => `${before}${named(complaint)}`),
      further,
    );
  }
}

/** As {@link loadConfig}, for a file that has been read. */
export function configOf(
  args: Args,
  environment: Environment,
  document?: ConfigDocument | ConfigValue,
  named = environment,
): Config {
  const overlaid = overlay(document === undefined ? {} : baseOf(document, named), args, environment);
  if (document === undefined && overlaid.saidBy(['pools', DEFAULT_POOL, 'backends']) === undefined) {
    throw new UsageError(
      'no backends given; name them as in "roundhouse 127.0.0.1:3001,127.0.0.1:3002", or see "roundhouse --help"',
    );
  }
  const inherited = inheritedNames(overlaid.input);
  if (inherited.length > 0) throw fileError(inherited, document, 0);
  const parsed = configSchema.safeParse(overlaid.input);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.flatMap(singleIssues);
  const complaints = complaintsOf(issues.slice(0, MOST_EXAMINED), overlaid.input);
  throw usageError(complaints, overlaid) ?? fileError(complaints, document, Math.max(0, issues.length - MOST_EXAMINED));
}

/**
 * @returns the value to validate, without `$schema` and keys that begin with `x-`, which are for anchors. Numbers where a
 * file needs a duration become texts, so that the schema refuses them for their missing unit; in a configuration that is a
 * value they are milliseconds
 * @throws {ConfigError} if the file names a variable that is not set
 */
function baseOf(document: ConfigDocument | ConfigValue, named: Environment): unknown {
  if (document instanceof ConfigValue) return document.value;
  const { value, complaints } = withVariables(withoutExtras(document.value), named);
  if (complaints.length > 0) throw fileError(complaints, document, 0);
  return mapScalars(value, (scalar, node) => (isTime(node) && typeof scalar === 'number' ? String(scalar) : scalar));
}

function withoutExtras(value: unknown): unknown {
  if (!isMapping(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([key]) => key !== '$schema' && !key.startsWith('x-')));
}

/** @returns the first complaint about a flag or variable: it is reported before any about the file */
function usageError(complaints: readonly Complaint[], { saidBy }: Overlaid): UsageError | undefined {
  for (const complaint of complaints) {
    const given = saidBy(complaint.path);
    if (given !== undefined) return new UsageError(`${given.source}: ${complaint.clause}`);
  }
  return undefined;
}

function fileError(
  complaints: readonly Complaint[],
  document: ConfigDocument | ConfigValue | undefined,
  further: number,
): Error {
  if (document === undefined) {
    const [first] = complaints;
    return new UsageError(`${pathText(first?.path ?? [])}: ${first?.clause}`);
  }
  if (document instanceof ConfigValue) return document.refusal(complaints, further);
  const placed = complaints.map((complaint) => ({ complaint, at: document.position(complaint.path, complaint.part) }));
  placed.sort((a, b) => a.at.line - b.at.line || a.at.column - b.at.column);
  return new ConfigError(
    placed.map(({ complaint, at }) => `${document.positionText(at)}: ${named(complaint)}`),
    further,
  );
}

/** @returns the message with the path of its key in front */
function named({ path, part, clause }: Complaint): string {
  const name = pathText(part === 'key' ? path.slice(0, -1) : path);
  return name === '' ? clause : `${name}: ${clause}`;
}
