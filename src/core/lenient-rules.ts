/**
 * core/lenient-rules.ts: the rules of HTTP/1.1 that a configuration may relax (`http.lenient`), by the names that they have
 * there.
 */
export const LENIENT_RULES = [
  'utf8-target',
  'response-bare-lf',
  'response-line-folding',
  'response-space-before-colon',
  'response-bad-field-name',
] as const;

export type LenientRule = (typeof LENIENT_RULES)[number];
