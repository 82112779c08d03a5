/** config/changed-keys.ts: the keys in which two configurations differ. */
import { isDeepStrictEqual } from 'node:util';
import type { Config } from './schema.js';
import { isMapping } from './values.js';

/** @returns the keys whose values differ, as `pools.web.policy`; a list is one value; lists of backends are left out */
export function changedKeys(before: Config, after: Config): readonly string[] {
  return changedUnder('', before, after).filter((key) => !(key.startsWith('pools.') && key.endsWith('.backends')));
}

/** @returns the keys below `path` whose values differ, each with `path` in front */
export function changedUnder(path: string, before: unknown, after: unknown): readonly string[] {
  if (!isMapping(before) || !isMapping(after)) return isDeepStrictEqual(before, after) ? [] : [path];
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) => changedUnder(path === '' ? key : `${path}.${key}`, before[key], after[key]));
}
