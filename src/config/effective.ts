/** config/effective.ts: a configuration as a file that says all of it. */
import { stringify } from 'yaml';
import { isTime, mapScalars } from './json-schema.js';
import type { Config } from './schema.js';
import { durationText } from './values.js';

/** @returns YAML with every default filled in; as a configuration file it comes to `config` again */
export function effectiveYaml(config: Config): string {
  const written = mapScalars(config, (scalar, node) =>
    isTime(node) && typeof scalar === 'number' ? durationText(scalar) : scalar,
  );
  return stringify(written, { lineWidth: 0 });
}
