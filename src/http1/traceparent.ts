/** http1/traceparent.ts: reads and writes `traceparent` (W3C Trace Context, level 1, section 3.2). */

/** Version, trace, parent, flags; what a later version adds comes behind another hyphen. */
const FORM = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-|$)/;
const NO_TRACE = '0'.repeat(32);
const NO_PARENT = '0'.repeat(16);
const LENGTH = 55;

/** @returns the trace that the value of a field names, 32 hexadecimal digits; `undefined` for an invalid one */
export function traceIdOf(value: string): string | undefined {
  const [whole = '', version, traceId, parentId] = FORM.exec(value) ?? [];
  if (whole === '' || version === 'ff' || traceId === NO_TRACE || parentId === NO_PARENT) return undefined;
  // Version 00 has nothing behind the flags.
  return version === '00' && value.length !== LENGTH ? undefined : traceId;
}

/**
 * @param traceId 32 hexadecimal digits in lower case, not all of them 0
 * @param parentId 16 of the same
 * @param sampled whether whoever comes next should record the trace
 */
export function traceparentOf(traceId: string, parentId: string, sampled: boolean): string {
  return `00-${traceId}-${parentId}-${sampled ? '01' : '00'}`;
}
