/** config/load.ts: flags, variables and file -> the configuration, or what is wrong with it. */
import { type Complaint, complaintsOf, pathText } from './complaint.js';
import { ConfigError } from './config-error.js';
import type { ConfigDocument } from './document.js';
import { type Args, configFileOf, type Environment, type Overlaid, overlay } from './from-args.js';
import { isTime, mapScalars } from './json-schema.js';
import { isModuleFile, loadModule } from './module-file.js';
import { readConfigFile } from './read-file.js';
import { type Config, configSchema, DEFAULT_POOL } from './schema.js';
import { UsageError } from './usage-error.js';

/**
 * Reads the file, if one is named, and checks the whole.
 * @throws {ConfigError} when the file cannot be used
 * @throws {UsageError} when a flag or variable is wrong
 */
export async function loadConfig(args: Args, environment: Environment): Promise<Config> {
  const file = configFileOf(args, environment);
  if (file === undefined) return configOf(args, environment);
  if (isModuleFile(file)) return configOf(args, environment, new ConfigValue(await loadModule(file), file));
  // Only who has a file pays for the reader of YAML.
  const { ConfigDocument } = await import('./document.js');
  return configOf(args, environment, new ConfigDocument(await readConfigFile(file), file));
}

/** A configuration without a text: nothing in it has a line. */
export class ConfigValue {
  readonly value: unknown;
  readonly #source: string;

  /** @param source how complaints call it; '' where the reader knows what is meant */
  constructor(value: unknown, source: string) {
    this.value = value;
    this.#source = source;
  }

  /** @returns the sentences that say what is wrong, each with the path of its key */
  refusal(complaints: readonly Complaint[]): ConfigError {
    const before = this.#source === '' ? '' : `${this.#source}: `;
    return new ConfigError(complaints.map((complaint) => `${before}${named(complaint)}`));
  }
}

/** {@link loadConfig} for what has been read already. */
export function configOf(args: Args, environment: Environment, document?: ConfigDocument | ConfigValue): Config {
  const overlaid = overlay(document === undefined ? {} : baseOf(document), args, environment);
  if (document === undefined && overlaid.saidBy(['pools', DEFAULT_POOL, 'backends']) === undefined) {
    throw new UsageError(
      'no backends given; name them as in "roundhouse 127.0.0.1:3001,127.0.0.1:3002", or see "roundhouse --help"',
    );
  }
  const parsed = configSchema.safeParse(overlaid.input);
  if (parsed.success) return parsed.data;
  const complaints = parsed.error.issues.flatMap((issue) => complaintsOf(issue, overlaid.input));
  throw usageError(complaints, overlaid) ?? fileError(complaints, document);
}

/** A bare number has no unit, so it is refused as the text it was; a configuration in memory has milliseconds there. */
function baseOf(document: ConfigDocument | ConfigValue): unknown {
  const { value } = document;
  if (document instanceof ConfigValue) return value;
  const texts = mapScalars(value, (scalar, node) =>
    isTime(node) && typeof scalar === 'number' ? String(scalar) : scalar,
  );
  if (typeof texts !== 'object' || texts === null || Array.isArray(texts)) return texts;
  const { $schema: _forEditors, ...rest } = Object.fromEntries(Object.entries(texts));
  return rest;
}

/** The first complaint about what was typed: that is mended before the file. */
function usageError(complaints: readonly Complaint[], { saidBy }: Overlaid): UsageError | undefined {
  for (const complaint of complaints) {
    const given = saidBy(complaint.path);
    if (given !== undefined) return new UsageError(`${given.source}: ${complaint.clause}`);
  }
  return undefined;
}

function fileError(complaints: readonly Complaint[], document: ConfigDocument | ConfigValue | undefined): Error {
  if (document === undefined) {
    const [first] = complaints;
    return new UsageError(`${pathText(first?.path ?? [])}: ${first?.clause}`);
  }
  if (document instanceof ConfigValue) return document.refusal(complaints);
  const placed = complaints.map((complaint) => ({ complaint, place: document.place(complaint.path, complaint.part) }));
  placed.sort((a, b) => a.place.line - b.place.line || a.place.column - b.place.column);
  return new ConfigError(placed.map(({ complaint, place }) => `${document.said(place)}: ${named(complaint)}`));
}

/** What is wrong, behind the path of its key. */
function named({ path, part, clause }: Complaint): string {
  const name = pathText(part === 'key' ? path.slice(0, -1) : path);
  return name === '' ? clause : `${name}: ${clause}`;
}
