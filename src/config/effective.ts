/** config/effective.ts: a configuration as a file that says all of it. */
import { stringify } from 'yaml';
import { isTime, mapScalars } from './json-schema.js';
import type { Config } from './schema.js';
import { durationText, isMapping } from './values.js';

/** @returns plain data with times as a person writes them; as a configuration it comes to `config` again */
export function effectiveForm(config: Config): Readonly<Record<string, unknown>> {
  const written = mapScalars(config, (scalar, node) =>
    isTime(node) && typeof scalar === 'number' ? durationText(scalar) : scalar,
  );
  return isMapping(written) ? written : {};
}

/** @returns YAML with every default filled in; as a configuration file it comes to `config` again */
export function effectiveYaml(config: Config): string {
  return stringify(effectiveForm(config), { lineWidth: 0 });
}
