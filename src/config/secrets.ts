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

/** @returns the configuration with `(hidden)` in the place of each secret */
export function withoutSecrets(config: Config): Config {
  const shown = Object.entries(config).map(([key, value]) => [key, hide(value, key, '')]);
  return { ...config, ...Object.fromEntries(shown) };
}

/** @returns where something is hidden: `pools.web.healthCheck.headers.authorization` */
export function hiddenIn(value: unknown, path = ''): readonly string[] {
  if (value === HIDDEN) return [path];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => hiddenIn(inner, path === '' ? key : `${path}.${key}`));
}

/** @param name the key that `value` stands under, and `around` the one that this is in */
function hide(value: unknown, name: string, around: string): unknown {
  if (Array.isArray(value)) return value.map((each) => hide(each, '', ''));
  if (isMapping(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, hide(inner, key, name)]));
  }
  return typeof value === 'string' && FIELDS.has(around) && SECRET_FIELD.test(name) ? HIDDEN : value;
}
