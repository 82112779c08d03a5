/** http1/find-field.ts: the value of one field of a head that was parsed already, for the few that ask for one by name. */
import { equalsIgnoringCase } from './characters.js';
import type { HeadFields } from './head-fields.js';

/** @returns the index of the first field called `lower` from `start` on, or -1 */
export function findField(fields: HeadFields, lower: string, start = 0): number {
  const { text } = fields;
  for (let index = start; index < fields.count; index++) {
    const at = fields.nameAt(index);
    const end = fields.colonAt(index);
    if (end - at === lower.length && equalsIgnoringCase(text, at, end, lower)) return index;
  }
  return -1;
}

/** @returns the value of the first field called `lower`; '' when there is none */
export function fieldValue(fields: HeadFields, lower: string): string {
  const index = findField(fields, lower);
  return index < 0 ? '' : fields.text.slice(fields.valueAt(index), fields.valueEnd(index));
}
