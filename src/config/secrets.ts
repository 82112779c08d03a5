/**
 * config/secrets.ts: what of a configuration is shown to nobody. Tokens and signing secrets are in files of their own and
 * never in it; what is left are header fields that a person gives a value to.
 */
import type { Config } from './schema.js';
import { isMapping } from './values.js';

const HIDDEN = '(hidden)';
/** Names of fields whose values let their holder in somewhere. */
const SECRET_FIELD = /authorization|cookie|token|secret|password|api-?key/i;
/** Keys under which a configuration has values by field name. */
const FIELDS = new Set(['headers', 'set', 'add']);

export interface Shown {
  readonly config: Config;
  /** Where something is hidden: `pools.web.healthCheck.headers.authorization`. */
  readonly hidden: readonly string[];
}

/** @returns the configuration with `(hidden)` in the place of each secret */
export function withoutSecrets(config: Config): Shown {
  const hidden: string[] = [];
  const pools = Object.entries(config).map(([key, value]) => [key, hide(value, [key], hidden)]);
  return { config: { ...config, ...Object.fromEntries(pools) }, hidden };
}

function hide(value: unknown, path: readonly string[], hidden: string[]): unknown {
  if (Array.isArray(value)) return value.map((each, index) => hide(each, [...path, String(index)], hidden));
  if (isMapping(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, hide(inner, [...path, key], hidden)]));
  }
  const [around = '', name = ''] = path.slice(-2);
  if (!FIELDS.has(around) || !SECRET_FIELD.test(name)) return value;
  hidden.push(path.join('.'));
  return HIDDEN;
}
