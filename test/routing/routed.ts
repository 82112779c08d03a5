/** test/routing/routed.ts: what the routing tests share: a request as a router gets it, and the slow way to route it. */
import type { Match, Miss, Router } from '../../src/routing/router.js';
import { lines, requestOf } from '../http1/heads.js';

export interface Asked {
  readonly method?: string;
  readonly host?: string;
  readonly target?: string;
  readonly fields?: readonly string[];
}

export function findIn<R>(
  router: Router<R>,
  { method = 'GET', host = 'any.example', target = '/', fields = [] }: Asked,
): R | Miss {
  const text = lines(`${method} ${target} HTTP/1.1`, `Host: ${host}`, ...fields);
  return router.find(requestOf(text));
}

/** The same rules as a person reads them: all routes that match, then the most specific of them. */
export function slowly(routes: readonly Match[], asked: Required<Asked>, path: string): number {
  const fitting = routes.map((match, index) => ({ match, index })).filter(({ match }) => matches(match, asked, path));
  fitting.sort((a, b) => compare(rank(a.match), rank(b.match)) || a.index - b.index);
  return fitting[0]?.index ?? -1;
}

function matches(
  { host, path: prefix, exactPath, methods, headers = {} }: Match,
  asked: Required<Asked>,
  path: string,
): boolean {
  if (host !== undefined && !isHost(host, asked.host)) return false;
  if (exactPath !== undefined && exactPath !== path) return false;
  if (prefix !== undefined && prefix !== '/' && path !== prefix && !path.startsWith(`${prefix}/`)) return false;
  if (methods !== undefined && !methods.includes(asked.method)) return false;
  const fields = asked.fields
    .map((line) => line.split(': '))
    .map(([name = '', value = '']) => [name.toLowerCase(), value]);
  return Object.entries(headers).every(([name, value]) =>
    fields.some(([other, given]) => other === name.toLowerCase() && (value === true || value === given)),
  );
}

function isHost(pattern: string, host: string): boolean {
  return pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) && host !== pattern.slice(1) : host === pattern;
}

/** Greater comes first. */
function rank({ host, path = '/', exactPath, methods, headers = {} }: Match): readonly number[] {
  const ofHost = host === undefined ? 0 : host.startsWith('*.') ? host.length : 1_000;
  const ofPath = exactPath === undefined ? (path === '/' ? 0 : path.length) : 1_000;
  return [ofHost, ofPath, (methods === undefined ? 0 : 1) + Object.keys(headers).length];
}

function compare(a: readonly number[], b: readonly number[]): number {
  const differing = a.findIndex((value, index) => value !== b[index]);
  return differing < 0 ? 0 : (b[differing] ?? 0) - (a[differing] ?? 0);
}
