/** http1/traceparent.ts: reads and writes `traceparent` (W3C Trace Context, level 1, section 3.2). */

/** Version, trace id, parent id, flags; a later version may add parts behind another hyphen. */
const FORM = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-|$)/;
const NO_TRACE = '0'.repeat(32);
const NO_PARENT = '0'.repeat(16);
const LENGTH = 55;

/** @param value of `traceparent` @returns its trace id, 32 hexadecimal digits; `undefined` if the value is invalid */
export function traceIdOf(value: string): string | undefined {
  const [whole = '', version, traceId, parentId] = FORM.exec(value) ?? [];
  if (whole === '' || version === 'ff' || traceId === NO_TRACE || parentId === NO_PARENT) return undefined;
  // Version 00 ends with the flags.
  return version === '00' && value.length !== LENGTH ? undefined : traceId;
}

/**
 * @param traceId 32 hexadecimal digits in lower case, not all 0
 * @param parentId 16 hexadecimal digits in lower case, not all 0
 * @param sampled whether the receiver is asked to record the trace
 * @returns the value of `traceparent`
 */
export function traceparentOf(traceId: string, parentId: string, sampled: boolean): string {
  return `00-${traceId}-${parentId}-${sampled ? '01' : '00'}`;
}
