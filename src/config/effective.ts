/** config/effective.ts: writes the effective configuration, every default filled in, as a configuration file. */
import { stringify } from 'yaml';
import { isTime, mapScalars } from './json-schema.js';
import type { Config } from './schema.js';
import { durationText, isMapping } from './values.js';

/** @returns the configuration as plain data, durations as texts (`5s`); it parses to `config` again */
export function effectiveForm(config: Config): Readonly<Record<string, unknown>> {
  const written = mapScalars(config, (scalar, node) =>
    isTime(node) && typeof scalar === 'number' ? durationText(scalar) : scalar,
  );
  return isMapping(written) ? written : {};
}

/** @returns the configuration as YAML; as a configuration file it parses to `config` again */
export function effectiveYaml(config: Config): string {
  return stringify(effectiveForm(config), { lineWidth: 0 });
}
