/** config/changed-keys.ts: the keys in which two configurations differ. */
import { isDeepStrictEqual } from 'node:util';
import { isMapping } from './values.js';

/**
 * @returns the keys below `path` whose values differ, each with `path` in front, as `pools.web.policy`; a list is one
 * value
 */
export function changedUnder(path: string, before: unknown, after: unknown): readonly string[] {
  if (!isMapping(before) || !isMapping(after)) return isDeepStrictEqual(before, after) ? [] : [path];
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) => changedUnder(path === '' ? key : `${path}.${key}`, before[key], after[key]));
}
