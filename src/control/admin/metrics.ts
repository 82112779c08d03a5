/** control/admin/metrics.ts: `GET /metrics`, in the format that the scraper likes better. */
import type { Context } from 'hono';
import { CONTENT_TYPE, expose, type Format } from '../metrics/exposition.js';
import type { Readings } from '../metrics/readings.js';

export function metrics(context: Context, readings: Readings): Response {
  const format = formatFor(context.req.header('accept'));
  return context.body(expose(readings, format), 200, { 'content-type': CONTENT_TYPE[format], vary: 'Accept' });
}

/**
 * RFC 9110 section 12.5.1. Who says nothing gets the older format, which everybody reads.
 * @param accept the field's value
 */
export function formatFor(accept = '*/*'): Format {
  const likes = accept.split(',').map(likeOf);
  const best = (types: readonly string[]): number =>
    Math.max(0, ...likes.filter(({ type }) => types.includes(type)).map(({ quality }) => quality));
  const openmetrics = best(['application/openmetrics-text']);
  return openmetrics > 0 && openmetrics >= best(['text/plain']) ? 'openmetrics' : 'prometheus';
}

function likeOf(range: string): { readonly type: string; readonly quality: number } {
  const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
  // A scraper names one after the other the versions that it knows; there are others than 1.0.
  const isOther = parameters.some(
    (each) => each.startsWith('version=') && !/^version="?(1\.0\.0|0\.0\.4)"?$/.test(each),
  );
  const quality = parameters.find((each) => each.startsWith('q='))?.slice(2) ?? '1';
  return { type: isOther ? '' : type, quality: Number(quality) || 0 };
}
