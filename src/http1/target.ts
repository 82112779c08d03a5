/** http1/target.ts: the parts of a request target, in any of its forms (RFC 9112 section 3.2). */

/** @returns the path without the query, as sent; `/` for a URL without a path; `*` for `OPTIONS *` */
export function pathOf(target: string): string {
  const end = queryAt(target);
  if (!isAbsolute(target)) return target.slice(0, end);
  const from = target.indexOf('/', target.indexOf('//') + 2);
  return from < 0 || from > end ? '/' : target.slice(from, end);
}

/** @returns the query with its `?`, as sent; '' if there is none */
export function queryOf(target: string): string {
  return target.slice(queryAt(target));
}

function isAbsolute(target: string): boolean {
  return !target.startsWith('/') && target !== '*';
}

function queryAt(target: string): number {
  const at = target.indexOf('?');
  return at < 0 ? target.length : at;
}
