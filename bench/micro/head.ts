/**
 * bench/micro/head.ts: nanoseconds to read a head and to build the one that is forwarded, for a small request and a
 * browser's. "floor" turns the bytes into text and back, which every column includes.
 */
import { forwardRequestHead } from '../../src/http1/forward-request.js';
import { forwardResponseHead } from '../../src/http1/forward-response.js';
import { parseRequestHead, RequestHead } from '../../src/http1/request-head.js';
import { parseResponseHead, ResponseHead } from '../../src/http1/response-head.js';
import { BROWSER_HEADERS } from '../traffic.js';
import { nanosecondsPerCall } from './measure.js';
import type { MicroTable } from './table.js';

const LIMITS = { headBytes: 16_384, fields: 128 };
const CLIENT = { address: '192.0.2.17', proto: 'http', trusted: false } as const;
const GET = { isHead: false, upgrade: false };
const TO_CLIENT = { minorVersion: 1, keepAlive: true, dechunk: false } as const;

const written = Buffer.alloc(LIMITS.headBytes);

/** Turns bytes into text, applies `step` and writes the result: V8 builds a concatenated text only when it is written. */
function through(bytes: Buffer, step: (text: string) => string): () => number {
  return () => written.write(step(bytes.toString('latin1')), 'latin1');
}

function head(firstLine: string, fields: Readonly<Record<string, string>>): Buffer {
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${firstLine}\r\n${lines.join('')}\r\n`, 'latin1');
}

function row(
  name: string,
  bytes: Buffer,
  parse: (text: string, bytes: Buffer) => unknown,
  forward: () => string,
): MicroTable['rows'][number] {
  if (parse(bytes.toString('latin1'), bytes) !== 'complete')
    throw new Error(`The parser does not take the head "${name}"`);
  const parsed = (text: string): string => {
    parse(text, bytes);
    return text;
  };
  const both = (text: string): string => {
    parse(text, bytes);
    return forward();
  };
  const values = [(text: string) => text, parsed, both].map((step) => nanosecondsPerCall(through(bytes, step)));
  return { name: `${name}, ${bytes.length} B`, values };
}

const request = new RequestHead();
const parseRequest = (text: string, bytes: Buffer): unknown => parseRequestHead(text, bytes, LIMITS, request);
const forwardRequest = (): string => forwardRequestHead(request, CLIENT, 'backend');
const response = new ResponseHead();
const parseResponse = (text: string, bytes: Buffer): unknown => parseResponseHead(text, bytes, LIMITS, GET, response);
const forwardResponse = (): string => forwardResponseHead(response, TO_CLIENT);

const small = head('GET / HTTP/1.1', { Host: 'www.example.com', Accept: '*/*', 'User-Agent': 'curl/8.5.0' });
const browser = head('GET /catalogue/tools/4711 HTTP/1.1', { Host: 'www.example.com', ...BROWSER_HEADERS });
const answer = head('HTTP/1.1 200 OK', {
  Date: 'Tue, 01 Jul 2025 10:00:00 GMT',
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Length': '66',
  Connection: 'keep-alive',
  'Keep-Alive': 'timeout=5',
});

export function measureHead(): MicroTable {
  return {
    columns: ['floor ns', 'parse ns', 'parse + forward ns'].map((title) => ({ title, digits: 0 })),
    rows: [
      row('small request', small, parseRequest, forwardRequest),
      row("browser's request", browser, parseRequest, forwardRequest),
      row('response', answer, parseResponse, forwardResponse),
    ],
  };
}
