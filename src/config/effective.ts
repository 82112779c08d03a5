/** config/effective.ts: a configuration as a file that says all of it, and what sets two of them apart. */
import { isDeepStrictEqual } from 'node:util';
import { stringify } from 'yaml';
import { mapScalars } from './json-schema.js';
import type { Config } from './schema.js';
import { durationText } from './values.js';

/** @returns YAML with every default filled in; as a configuration file it comes to `config` again */
export function effectiveYaml(config: Config): string {
  const written = mapScalars(config, (scalar, node) => {
    const isTime = node?.definition === 'time' || node?.definition === 'positiveTime';
    return isTime && typeof scalar === 'number' ? durationText(scalar) : scalar;
  });
  return stringify(written, { lineWidth: 0 });
}

/** @returns the keys whose values differ, lists taken as one value; backends are left out */
export function changedKeys(before: Config, after: Config): readonly string[] {
  return changedUnder('', before, after).filter((key) => !(key.startsWith('pools.') && key.endsWith('.backends')));
}

function changedUnder(path: string, before: unknown, after: unknown): readonly string[] {
  if (!isMapping(before) || !isMapping(after)) return isDeepStrictEqual(before, after) ? [] : [path];
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) => changedUnder(path === '' ? key : `${path}.${key}`, before[key], after[key]));
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
