/** control/admin/metrics.ts: answers `GET /metrics` in the format that the scraper prefers. */
import type { Context } from 'hono';
import { CONTENT_TYPE, expose, type Format } from '../metrics/exposition.js';
import type { Readings } from '../metrics/readings.js';

export function metrics(context: Context, readings: Readings): Response {
  const format = formatFor(context.req.header('accept'));
  return context.body(expose(readings, format), 200, { 'content-type': CONTENT_TYPE[format], vary: 'Accept' });
}

/**
 * The format that an `Accept` field prefers (RFC 9110 section 12.5.1). Without the field it is the older format, which
 * every scraper reads.
 */
export function formatFor(accept = '*/*'): Format {
  const ranges = accept.split(',').map(rangeOf);
  const best = (types: readonly string[]): number =>
    Math.max(0, ...ranges.filter(({ type }) => types.includes(type)).map(({ quality }) => quality));
  const openmetrics = best(['application/openmetrics-text']);
  return openmetrics > 0 && openmetrics >= best(['text/plain']) ? 'openmetrics' : 'prometheus';
}

function rangeOf(range: string): { readonly type: string; readonly quality: number } {
  const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
  // A scraper lists every version it knows as a range of its own; only 1.0.0 and 0.0.4 can be served.
  const isOther = parameters.some(
    (each) => each.startsWith('version=') && !/^version="?(1\.0\.0|0\.0\.4)"?$/.test(each),
  );
  const quality = parameters.find((each) => each.startsWith('q='))?.slice(2) ?? '1';
  return { type: isOther ? '' : type, quality: Number(quality) || 0 };
}
