/** http1/find-field.ts: looks up a field of a parsed head by name. */
import { equalsIgnoringCase } from './characters.js';
import type { HeadFields } from './head-fields.js';

/**
 * @param lower the name in lower case
 * @returns the index of the first field of this name at or behind index `start`; -1 if there is none
 */
export function findField(fields: HeadFields, lower: string, start = 0): number {
  const { text } = fields;
  for (let index = start; index < fields.count; index++) {
    const at = fields.nameAt(index);
    const end = fields.colonAt(index);
    if (end - at === lower.length && equalsIgnoringCase(text, at, end, lower)) return index;
  }
  return -1;
}

/** @returns the value of the first field of this name; '' if there is none. @param lower the name in lower case */
export function fieldValue(fields: HeadFields, lower: string): string {
  const index = findField(fields, lower);
  return index < 0 ? '' : fields.text.slice(fields.valueAt(index), fields.valueEnd(index));
}
