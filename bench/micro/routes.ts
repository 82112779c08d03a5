/**
 * bench/micro/routes.ts: nanoseconds to find a request's route, by how many routes there are: one host with many
 * prefixes, as many hosts with one route each, or as many values of one field. "odd path" has to be read in more than one
 * way; "long path" is 2 KiB, the most that is read so, of what is slowest to read. "head" is what reading that head costs
 * without any route.
 */
import { parseRequestHead, RequestHead } from '../../src/http1/request-head.js';
import { type Match, Router } from '../../src/routing/router.js';
import { nanosecondsPerCall } from './measure.js';
import type { MicroTable } from './table.js';

const LIMITS = { headBytes: 16_384, fields: 128 };
const AGENT = 'curl/8.5.0';
const COUNTS = [1, 10, 100, 1_000, 10_000] as const;

type RoutesOf = (count: number) => readonly Match[];

const paths: RoutesOf = (count) =>
  Array.from({ length: count }, (_, index) => ({ path: `/${'abcdefghij'.slice(index % 10)}/service${index}` }));
const hosts: RoutesOf = (count) => Array.from({ length: count }, (_, index) => ({ host: `shop${index}.example` }));
const wildcards: RoutesOf = (count) =>
  Array.from({ length: count }, (_, index) => ({ host: `*.shop${index}.example` }));

const fields: RoutesOf = (count) =>
  Array.from({ length: count }, (_, index) => ({ headers: { 'User-Agent': index === 0 ? AGENT : `agent${index}` } }));

const long = `/${'%2561;/'.repeat(290)}`;
const ROWS: readonly (readonly [name: string, routesOf: RoutesOf, host: string, target: string])[] = [
  ['by path', paths, 'shop.example', '/abcdefghij/service0/items/4711?page=2'],
  ['by path, no prefix fits', paths, 'shop.example', '/catalogue/tools/4711'],
  ['by host', hosts, 'shop0.example:8080', '/catalogue/tools/4711'],
  ['by wildcard', wildcards, 'www.shop0.example', '/catalogue/tools/4711'],
  ['by field', fields, 'shop.example', '/catalogue/tools/4711'],
  ['odd path', paths, 'shop.example', '/abcdefghij/service0/items%2F4711//x;v=1'],
  ['long path', paths, 'shop.example', long],
];

export function measureRoutes(): MicroTable {
  return {
    columns: ['head', ...COUNTS].map((count) => ({ title: count === 'head' ? 'head ns' : `${count} ns`, digits: 0 })),
    rows: ROWS.map(([name, routesOf, host, target]) => ({ name, values: valuesFor(routesOf, host, target) })),
  };
}

function valuesFor(routesOf: RoutesOf, host: string, target: string): number[] {
  const text = `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nAccept: */*\r\nUser-Agent: ${AGENT}\r\n\r\n`;
  const bytes = Buffer.from(text, 'latin1');
  const head = new RequestHead();
  const read = (): unknown => parseRequestHead(bytes.toString('latin1'), bytes, LIMITS, head);
  if (read() !== 'complete') throw new Error(`The parser does not take the target ${target.slice(0, 80)}`);
  const routers = COUNTS.map((count) => {
    const routes = [...routesOf(count), {}];
    return new Router(routes.map((match, route) => ({ match, route })));
  });
  return [nanosecondsPerCall(read), ...routers.map((router) => nanosecondsPerCall(() => router.find(head)))];
}
