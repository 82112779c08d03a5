/** http1/find-field.ts: looks up a field of a parsed head by name. */
import { equalsIgnoringCase, startsWithIgnoringCase } from './characters.js';
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

const EVENT_STREAM = 'text/event-stream';

/** Whether a response is a stream of events, which may be silent for any time (HTML standard, "Server-sent events"). */
export function isEventStream(fields: HeadFields): boolean {
  const index = findField(fields, 'content-type');
  if (index < 0) return false;
  const from = fields.valueAt(index);
  const length = fields.valueEnd(index) - from;
  if (length < EVENT_STREAM.length || !startsWithIgnoringCase(fields.text, from, EVENT_STREAM)) return false;
  const behind = fields.text.charAt(from + EVENT_STREAM.length);
  return length === EVENT_STREAM.length || behind === ';' || behind === ' ' || behind === '\t';
}

/** @returns the value of the first field of this name; '' if there is none. @param lower the name in lower case */
export function fieldValue(fields: HeadFields, lower: string): string {
  const index = findField(fields, lower);
  return index < 0 ? '' : fields.text.slice(fields.valueAt(index), fields.valueEnd(index));
}
