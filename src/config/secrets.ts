/**
 * config/secrets.ts: hides secrets in a configuration before it is shown. Tokens and signing secrets are in files of
 * their own, never in the configuration; what may be secret are values of header fields, unless known to be harmless.
 */
import type { Config } from './schema.js';
import { isMapping } from './values.js';

const HIDDEN = '(hidden)';
/**
 * Names of header fields whose values are no credentials. All others are hidden: which names hold credentials is known
 * to those who chose them alone (`X-Auth`, `Private-Key`, `X-Passwd`).
 */
const HARMLESS_FIELD = new RegExp(
  `^(?:${[
    'accept(?:-[a-z]+)?',
    'access-control-[a-z-]+',
    'age',
    'allow',
    'alt-svc',
    'cache-control',
    'clear-site-data',
    'content-(?:disposition|encoding|language|security-policy(?:-report-only)?|type)',
    'cross-origin-[a-z-]+',
    'date',
    'expires',
    'host',
    'origin-agent-cluster',
    'permissions-policy',
    'pragma',
    'referrer-policy',
    'retry-after',
    'server',
    'strict-transport-security',
    'timing-allow-origin',
    'user-agent',
    'vary',
    'via',
    'x-(?:content-type-options|dns-prefetch-control|frame-options|permitted-cross-domain-policies)',
    'x-(?:powered-by|robots-tag|ua-compatible|xss-protection)',
    'x-forwarded-(?:for|host|port|prefix|proto)',
  ].join('|')})$`,
  'i',
);
/** Keys of the configuration whose values are header fields by name. */
const FIELDS = new Set(['headers', 'set', 'add']);

/** @returns the configuration with `(hidden)` in place of each secret */
export function withoutSecrets(config: Config): Config {
  const shown = Object.entries(config).map(([key, value]) => [key, hide(value, key, '')]);
  return { ...config, ...Object.fromEntries(shown) };
}

/** @returns the paths of hidden values: `pools.web.healthCheck.headers.authorization` */
export function hiddenIn(value: unknown, path = ''): readonly string[] {
  if (value === HIDDEN) return [path];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => hiddenIn(inner, path === '' ? key : `${path}.${key}`));
}

/** @param name key of `value` @param around key of the mapping that contains it */
function hide(value: unknown, name: string, around: string): unknown {
  if (Array.isArray(value)) return value.map((each) => hide(each, '', ''));
  if (isMapping(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, hide(inner, key, name)]));
  }
  return typeof value === 'string' && FIELDS.has(around) && !HARMLESS_FIELD.test(name) ? HIDDEN : value;
}
